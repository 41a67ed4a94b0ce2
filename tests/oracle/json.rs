//! JSON, with its numbers as they are written: a time of nine decimals is no binary fraction.

use std::str::Chars;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Json {
    Null,
    Flag(bool),
    /// A number, as its text.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    /// The value that a text says.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text.chars() };
        let value = reader.value()?;
        if reader.peek().is_some() { Err(format!("more than one value: {text}")) } else { Ok(value) }
    }

    /// A field of an object; null if there is none.
    pub(crate) fn get(&self, name: &str) -> &Self {
        let Self::Object(fields) = self else { return &Self::Null };
        fields.iter().find(|(field, _)| field == name).map_or(&Self::Null, |(_, value)| value)
    }

    /// The values of a list.
    pub(crate) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// A text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Flag(true)
    }

    /// A whole number, if it is one.
    pub(crate) fn whole(&self) -> Option<u64> {
        self.digits()?.parse().ok()
    }

    /// A number of at most nine decimals, in units of the ninth.
    pub(crate) fn nanos(&self) -> Option<u128> {
        let (whole, part) = self.digits()?.split_once('.').unwrap_or((self.digits()?, ""));
        let whole: u128 = whole.parse().ok()?;
        let part: u128 = format!("{part:0<9}").parse().ok()?;
        (part < 1_000_000_000).then_some(whole * 1_000_000_000 + part)
    }

    /// The text of a number.
    pub(crate) fn digits(&self) -> Option<&str> {
        if let Self::Number(digits) = self { Some(digits) } else { None }
    }
}

/// What is left to read.
struct Reader<'a> {
    rest: Chars<'a>,
}

impl Reader<'_> {
    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        loop {
            let next = self.rest.clone().next()?;
            if !next.is_whitespace() {
                return Some(next);
            }
            self.rest.next();
        }
    }

    fn take(&mut self, wanted: char) -> Result<(), String> {
        match self.peek() {
            Some(next) if next == wanted => {
                self.rest.next();
                Ok(())
            }
            other => Err(format!("`{wanted}` is due, not {other:?}, before {}", self.rest.as_str())),
        }
    }

    fn value(&mut self) -> Result<Json, String> {
        match self.peek().ok_or("a value is due")? {
            '{' => self.object(),
            '[' => self.list(),
            '"' => self.text().map(Json::Text),
            _ => self.word(),
        }
    }

    fn object(&mut self) -> Result<Json, String> {
        self.take('{')?;
        let mut fields = Vec::new();
        while self.peek() != Some('}') {
            if !fields.is_empty() {
                self.take(',')?;
                self.peek();
            }
            let name = self.text()?;
            self.take(':')?;
            fields.push((name, self.value()?));
        }
        self.take('}')?;
        Ok(Json::Object(fields))
    }

    fn list(&mut self) -> Result<Json, String> {
        self.take('[')?;
        let mut items = Vec::new();
        while self.peek() != Some(']') {
            if !items.is_empty() {
                self.take(',')?;
            }
            items.push(self.value()?);
        }
        self.take(']')?;
        Ok(Json::List(items))
    }

    fn text(&mut self) -> Result<String, String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or("a text has no end")? {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.rest.next().ok_or("a text has no end")? {
            'n' => Ok('\n'),
            't' => Ok('\t'),
            'r' => Ok('\r'),
            'u' => {
                let digits: String = self.rest.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).map_err(|error| error.to_string())?;
                char::from_u32(code).ok_or_else(|| format!("\\u{digits} is no character"))
            }
            other => Ok(other),
        }
    }

    fn word(&mut self) -> Result<Json, String> {
        let mut word = String::new();
        while let Some(next) = self.rest.clone().next().filter(|next| next.is_alphanumeric() || "+-.".contains(*next)) {
            word.push(next);
            self.rest.next();
        }
        match &*word {
            "null" => Ok(Json::Null),
            "true" => Ok(Json::Flag(true)),
            "false" => Ok(Json::Flag(false)),
            _ if word.parse::<f64>().is_ok() => Ok(Json::Number(word)),
            _ => Err(format!("`{word}` is no value")),
        }
    }
}

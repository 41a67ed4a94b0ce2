use expect_test::expect;

use super::*;

const COLUMNS: &str = "t,kind,host,flags,seq,ack,len,sport,dport,delivered,from,to\n";

fn observed(rows: &str) -> Observation {
    let rows: Vec<&str> = rows.lines().map(str::trim).filter(|row| !row.is_empty()).collect();
    Observation::read(&format!("{COLUMNS}{}\n", rows.join("\n"))).unwrap()
}

fn agreement(ours: &str, theirs: &str) -> String {
    compare(&observed(ours), &observed(theirs)).agreement().to_string()
}

const HANDSHAKE: &str = "
    0,state,client,,,,,5000,80,,CLOSED,SYN-SENT
    0,segment,client,S,0,,0,5000,80,0.010,,
    0.010,state,server,,,,,80,5000,,LISTEN,SYN-RECEIVED
    0.010,segment,server,SA,0,1,0,80,5000,0.020,,
    0.020,state,client,,,,,5000,80,,SYN-SENT,ESTABLISHED
    0.020,segment,client,A,1,1,0,5000,80,0.030,,
    0.030,state,server,,,,,80,5000,,SYN-RECEIVED,ESTABLISHED";

#[test]
fn the_dialects_say_the_same() {
    let recorded = r#"# {"scenario": "x"}
t,kind,host,dir,flags,seq,ack,len,win,opts,sport,dport,isn_s,isn_d,action,t_deliver,note,seq_raw,ack_raw
0.0004,app,C,,,,,,,,,,,,,,c connect(),,
0,state,C,,,,,,,timer rexmit 1.00s,5000,80,,,,,- -> SYN_SENT,,
0,seg,C,C>S,S,0,,0,64240,"mss 1460,TS val 0 ecr null",5000,80,0,-1,fwd,0.010,,7,
0.010,state,S,,,,,,,,80,5000,,,,,- -> SYN_RECV,,
0.010,seg,S,S>C,SA,0,1,0,65160,,80,5000,0,0,fwd,0.020,,9,8
0.020,state,C,,,,,,,,5000,80,,,,,SYN_SENT -> ESTABLISHED,,
0.020,seg,C,C>S,A,1,1,0,63,,5000,80,0,0,fwd,0.030,,8,10
0.030,state,S,,,,,,,,80,5000,,,,,SYN_RECV -> ESTABLISHED/orphan,,
0.031,state,S,,,,,,,,80,5000,,,,,ESTABLISHED/orphan -> ESTABLISHED,,
"#;
    let traced = r#"
{"t":0.000,"kind":"segment","from":"client","to":"server","sport":5000,"dport":80,"flags":"S","seq":0,"ack":null,"len":0,"delivered_at":[0.010]}
{"t":0.000,"kind":"timer-set","host":"client","connection":0,"deadline":1.000}
{"t":0.010,"kind":"segment","from":"server","to":"client","sport":80,"dport":5000,"flags":"SA","seq":0,"ack":1,"len":0,"delivered_at":[0.020]}
{"t":0.020,"kind":"segment","from":"client","to":"server","sport":5000,"dport":80,"flags":"A","seq":1,"ack":1,"len":0,"delivered_at":[]}
"#;
    let (recorded, traced) = (Observation::read(recorded).unwrap(), Observation::read(traced).unwrap());
    assert_eq!(compare(&recorded, &observed(HANDSHAKE)).agreement(), &Agreement::Agrees);
    assert_eq!(compare(&traced, &observed(HANDSHAKE)).agreement(), &Agreement::Agrees);
}

#[test]
fn two_ladders_stand_side_by_side_and_the_first_difference_is_marked() {
    let theirs = HANDSHAKE.replace("0.020,segment,client,A,1,1", "0.020,segment,client,R,1,");
    let comparison = compare(&observed(HANDSHAKE), &observed(&theirs));
    expect![[r#"
        simulated                               recorded
        0.000  ├── S 0 ────────────────────▶│   0.000  ├── S 0 ────────────────────▶│
        0.010  │◀───────────────── SA 0/1 ──┤   0.010  │◀───────────────── SA 0/1 ──┤
        0.020  ├── A 1/1 ──────────────────▶│ ≠ 0.020  ├── R 1 ────────────────────▶│

        client:5000 SYN-SENT 0.000–0.020        client:5000 SYN-SENT 0.000–0.020
        client:5000 ESTABLISHED 0.020–          client:5000 ESTABLISHED 0.020–
        server:80 SYN-RECEIVED 0.010–0.030      server:80 SYN-RECEIVED 0.010–0.030
        server:80 ESTABLISHED 0.030–            server:80 ESTABLISHED 0.030–

        differs: client:5000 sends A 1/1 at 0.020 s, recorded: client:5000 sends R 1 at 0.020 s
    "#]]
    .assert_eq(&comparison.render("simulated", "recorded", Colour::Never));
}

#[test]
fn a_time_may_be_off_by_5_percent_and_50_ms() {
    let at = |seconds: &str| format!("{HANDSHAKE}\n{seconds},segment,client,PA,1,1,100,5000,80,,,");
    for (ours, agrees) in [("10.0", true), ("10.549", true), ("9.451", true), ("10.551", false), ("9.449", false)] {
        assert_eq!(agreement(&at(ours), &at("10.0")) == "agrees", agrees, "{ours}");
    }
}

#[test]
fn a_gap_counts_by_itself() {
    let late = |gap: &str| {
        format!(
            "{HANDSHAKE}\n100,segment,client,PA,1,1,100,5000,80,,,\n{gap},segment,client,PA,1,1,100,5000,80,,,\n200,note,,,,,,,,,,"
        )
    };
    assert_eq!(
        agreement(&late("103"), &late("101")),
        "differs: client sends PA 1/1 100 B at 103.000 s, 3s after the segment before it, recorded 1s"
    );
}

#[test]
fn two_senders_at_one_time_tie_and_one_sender_does_not() {
    let both = |first: &str, second: &str| {
        format!("{HANDSHAKE}\n1.0,segment,{first}\n1.010,segment,{second}\n2.0,segment,client,A,1,1,0,5000,80,,,")
    };
    let (ours, server) = ("client,PA,1,1,100,5000,80,,,", "server,PA,1,1,100,80,5000,,,");
    assert_eq!(
        agreement(&both(ours, server), &both(server, ours)),
        "agrees up to a tie: PA 1/1 100 B and PA 1/1 100 B at 1.000 s in either order"
    );
    let other = "client,FA,101,1,0,5000,80,,,";
    assert!(agreement(&both(ours, other), &both(other, ours)).starts_with("differs: "));
}

#[test]
fn what_comes_after_the_end_of_a_recording_is_not_missing_in_it() {
    let trace = |extra: &str| {
        let segment = r#"{"t":0,"kind":"segment","from":"client","to":"server","sport":1,"dport":80,"flags":"S","seq":0,"ack":null,"len":0,"delivered_at":[]}"#;
        Observation::read(&format!("{segment}\n{}", segment.replace(r#""t":0"#, &format!(r#""t":{extra}"#)))).unwrap()
    };
    let recorded = observed("0,segment,client,S,0,,0,5000,80,,,\n60,note,,,,,,,,,,");
    assert_eq!(compare(&trace("61"), &recorded).agreement(), &Agreement::Agrees);
    assert_eq!(
        compare(&trace("30"), &recorded).agreement().to_string(),
        "differs: client sends S 0 at 30.000 s, which the other does not"
    );
    assert_eq!(
        compare(&recorded, &trace("30")).agreement().to_string(),
        "differs: client does not send S 0, recorded at 30.000 s"
    );
}

#[test]
fn states_are_compared_with_how_long_they_last() {
    let closed =
        |at: &str| format!("{HANDSHAKE}\n{at},state,client,,,,,5000,80,,ESTABLISHED,CLOSED\n100,note,,,,,,,,,,");
    assert_eq!(agreement(&closed("10"), &closed("10.3")), "agrees");
    assert_eq!(agreement(&closed("10"), &closed("11")), "differs: client is in ESTABLISHED for 9.98s, recorded 10.98s");
    assert_eq!(
        agreement(&closed("10"), &format!("{HANDSHAKE}\n100,note,,,,,,,,,,")),
        "differs: client leaves ESTABLISHED at 10.000 s, recorded: it stays"
    );
    // Half-open for a blink: whoever polls the states may miss it.
    let blink =
        HANDSHAKE.replace("0.030,state,server,,,,,80,5000,,SYN-RECEIVED", "0.010,state,server,,,,,80,5000,,CLOSED");
    let blink = blink.replace("0.010,state,server,,,,,80,5000,,LISTEN,SYN-RECEIVED", "");
    let short = HANDSHAKE.replace("0.030,state", "0.012,state");
    assert_eq!(agreement(&short, &blink), "agrees");
}

#[test]
fn other_names_and_ports_are_matched_by_their_order() {
    let trace = r#"{"t":0,"kind":"segment","from":"alice","to":"bob","sport":49152,"dport":8080,"flags":"S","seq":0,"ack":null,"len":0,"delivered_at":[0.01]}
{"t":0.01,"kind":"segment","from":"bob","to":"alice","sport":8080,"dport":49152,"flags":"SA","seq":0,"ack":1,"len":0,"delivered_at":[0.02]}"#;
    let recorded = observed("0,segment,client,S,0,,0,5000,80,0.01,,\n0.01,segment,server,SA,0,1,0,80,5000,,,");
    assert_eq!(compare(&Observation::read(trace).unwrap(), &recorded).agreement(), &Agreement::Agrees);
}

#[test]
fn what_is_no_observation_is_refused_with_its_line() {
    for (text, message) in [
        ("", " it has neither a segment nor a state"),
        ("t,kind\n1,note\n", " it has neither a segment nor a state"),
        ("t,kind\nx,note\n", "2: `x` in `t` is no time in seconds"),
        ("t,kind,host\n1,seg,X\n", "2: `X` is no host: expected C, S, client or server"),
        ("t,kind,host,sport,dport\n1,seg,C,80\n", "2: `dport` is missing"),
        ("t,kind,host,sport,dport,note\n1,state,C,1,2,A -> B\n", "2: `A` is no state"),
        ("{\"t\":1,\"kind\":\"call\"}\n{}\n", "2: no record of a trace: missing field `kind` at line 1 column 2"),
    ] {
        assert_eq!(Observation::read(text).unwrap_err().to_string(), message, "{text:?}");
    }
}

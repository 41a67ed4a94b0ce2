//! Compiles anew when a built-in experiment or profile changes.

fn main() {
    println!("cargo:rerun-if-changed=../../configs");
}

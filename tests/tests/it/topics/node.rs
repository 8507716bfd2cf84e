//! The TypeScript side as a process: a line in, a line out.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use e2e::project_root;

/// A running `clients-ts/runtime/scripts/topics.js`; ended when dropped.
pub(super) struct TopicsOfNode {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl TopicsOfNode {
    pub(super) fn start() -> Self {
        let clients = project_root().join("clients-ts");
        assert!(
            clients.join("node_modules/esbuild").exists(),
            "the npm packages are missing: run `npm ci` in clients-ts (`cargo xtask test` does)"
        );
        let mut child = Command::new("node")
            .arg(clients.join("runtime/scripts/topics.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `node` ({error}): install Node.js 20 or newer"));
        let input = child.stdin.take().expect("the input is piped");
        let output = BufReader::new(child.stdout.take().expect("the output is piped"));
        Self { child, pipes: RefCell::new((input, output)) }
    }

    /// The topic that TypeScript makes of a case.
    pub(super) fn topic(&self, case: &str) -> String {
        let (input, output) = &mut *self.pipes.borrow_mut();
        let mut line = String::new();
        let exchanged = writeln!(input, "{case}").and_then(|()| output.read_line(&mut line));
        match exchanged {
            Ok(read) if read > 0 => serde_json::from_str(&line).expect("the answer is a string"),
            _ => panic!("Node.js ended at the case {case}; its own words are above"),
        }
    }
}

impl Drop for TopicsOfNode {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

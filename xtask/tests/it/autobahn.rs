//! `autobahn` where there is no Python 2.7: one line, and an exit code of its own. The suite itself takes minutes.

use crate::sandbox::Sandbox;

#[test]
fn without_python_2_it_says_so_in_one_line() {
    let sandbox = Sandbox::new("autobahn");
    let ended = sandbox.xtask_with(&["autobahn"], &[("PYTHON2", "/nowhere/python2.7")]);
    assert_eq!((ended.code, ended.err.as_str()), (3, ""));
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    assert!(ended.out.starts_with("not run: the Autobahn suite needs Python 2.7"), "{}", ended.out);
}

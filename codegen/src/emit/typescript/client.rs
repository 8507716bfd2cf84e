//! The client interface of an endpoint and the function that creates it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Project;
use super::expression::{Expression, joined};
use super::literal::{WIDTH, object_key, property_key, string, width};
use super::members::{Entry, Node};
use super::messages::{Part, Unions};
use super::prose;
use super::scope::RuntimeType;
use super::types::{Member, TypeWriter};
use super::usage::Direction;
use crate::model::{Action, Endpoint, Operation, Topic, Type};

/// Writes the members of one client.
#[derive(Debug)]
pub(super) struct ClientWriter<'a> {
    project: &'a Project<'a>,
    endpoint: &'a Endpoint,
    unions: &'a Unions,
    runtime: RefCell<BTreeSet<RuntimeType>>,
}

impl<'a> ClientWriter<'a> {
    /// A writer for an endpoint's client.
    pub(super) fn new(project: &'a Project<'a>, endpoint: &'a Endpoint, unions: &'a Unions) -> Self {
        Self { project, endpoint, unions, runtime: RefCell::default() }
    }

    /// Types of the runtime that the lines written so far mention.
    pub(super) fn runtime(&self) -> BTreeSet<RuntimeType> {
        self.runtime.borrow().clone()
    }

    /// The lines of the interface, the first level indented by two.
    pub(super) fn interface(&self, root: &Node<'_>) -> Vec<Member> {
        let mut lines = Vec::new();
        for (name, node) in &root.children {
            self.declare(name, node, 2, &mut lines);
        }
        lines
    }

    fn declare(&self, name: &str, node: &Node<'_>, indent: usize, lines: &mut Vec<Member>) {
        let docs = prose::member(self.endpoint, node).print(indent);
        let pad = " ".repeat(indent);
        let key = property_key(name);
        if let ([entry], true) = (node.entries.as_slice(), node.children.is_empty())
            && let Some((parameters, result)) = self.call(entry)
        {
            let text = signature(&format!("{pad}{key}"), &parameters, &result, indent);
            lines.push(Member { docs, text });
            return;
        }
        let parts: Vec<_> = node.entries.iter().map(|entry| self.part(entry)).collect();
        let head = format!("{pad}readonly {key}: ");
        if node.children.is_empty() {
            let text = Expression::Intersection(parts).or_single().print(indent, width(&head), 1);
            lines.push(Member { docs, text: format!("{head}{text};") });
            return;
        }
        let mut open = head;
        for part in &parts {
            let text = part.print(indent, width(&open), " & {".len());
            open.push_str(&text);
            open.push_str(" & ");
        }
        lines.push(Member { docs, text: format!("{open}{{") });
        for (name, child) in &node.children {
            self.declare(name, child, indent + 2, lines);
        }
        lines.push(Member { docs: String::new(), text: format!("{pad}}};") });
    }

    /// Parameters and result, where an entry is called like a function.
    fn call(&self, entry: &Entry<'_>) -> Option<(Vec<(&'static str, Expression)>, Expression)> {
        let options = ("options?", Expression::atom("RequestOptions"));
        let promise = |reply: Expression| Expression::Generic("Promise".to_owned(), vec![reply]);
        match entry {
            Entry::Request(request) => {
                let payload = request.payload.as_ref().map(|ty| self.ty(ty, Direction::Sent));
                let payload = payload.map(|payload| ("payload", payload));
                let reply = request.reply.as_ref().filter(|_| !request.notification);
                let reply = reply.map(|ty| self.ty(ty, Direction::Received));
                let reply = promise(reply.unwrap_or_else(|| Expression::atom("void")));
                Some((payload.into_iter().chain([options]).collect(), reply))
            }
            Entry::Operation(operation) if operation.action == Action::Receive => {
                let message = self.frames(operation, Part::Message);
                let reply = operation.reply.as_ref().map(|_| self.frames(operation, Part::Reply));
                let reply = promise(reply.unwrap_or_else(|| Expression::atom("void")));
                Some((vec![("message", message), options], reply))
            }
            _ => None,
        }
    }

    /// The type of a member that an entry makes.
    fn part(&self, entry: &Entry<'_>) -> Expression {
        match entry {
            Entry::Topic(topic) if topic.by_handler => {
                let update = self.ty(&topic.update, Direction::Received);
                Expression::Generic("Broadcast".to_owned(), vec![update])
            }
            Entry::Topic(topic) => {
                Expression::Generic("Subscribable".to_owned(), self.topic_arguments(topic))
            }
            Entry::Broadcast(broadcast) => {
                let payload = self.payload(broadcast.payload.as_ref());
                let stamped = self.endpoint.connection.envelope.timestamp.is_some();
                let meta = stamped.then(|| Expression::atom("[meta: BroadcastMeta]"));
                Expression::Generic("Broadcast".to_owned(), [payload].into_iter().chain(meta).collect())
            }
            Entry::Operation(operation) if operation.action == Action::Send => {
                let frames = self.frames(operation, Part::Message);
                let meta = Expression::atom("[meta: MessageMeta]");
                Expression::Generic("Broadcast".to_owned(), vec![frames, meta])
            }
            Entry::Request(_) | Entry::Operation(_) => {
                let (parameters, result) =
                    self.call(entry).unwrap_or_else(|| (Vec::new(), Expression::atom("void")));
                Expression::Atom(format!("(({}) => {})", flat(&parameters), result.flat()))
            }
        }
    }

    fn topic_arguments(&self, topic: &Topic) -> Vec<Expression> {
        let snapshot = topic.snapshot.as_ref().map(|ty| self.ty(ty, Direction::Received));
        let mut arguments = vec![
            self.ty(&Type::Named(topic.params), Direction::Sent),
            self.ty(&topic.update, Direction::Received),
        ];
        let validated = self.ty(&Type::Named(topic.params), Direction::Received);
        let validated = (validated != arguments[0]).then_some(validated);
        // What the runtime takes for granted is left out.
        if snapshot.is_some() || validated.is_some() {
            arguments.push(snapshot.unwrap_or_else(|| Expression::atom("never")));
        }
        arguments.extend(validated);
        arguments
    }

    fn payload(&self, ty: Option<&Type>) -> Expression {
        ty.map_or_else(|| Expression::atom("void"), |ty| self.ty(ty, Direction::Received))
    }

    /// The frames of an operation, or the name of their union.
    fn frames(&self, operation: &Operation, part: Part) -> Expression {
        if let Some(name) = self.unions.name(operation, part) {
            return Expression::Atom(format!("messages.{name}"));
        }
        let mut writer = TypeWriter::qualified(self.project);
        let frames = part.frames(&mut writer, self.endpoint, operation);
        self.runtime.borrow_mut().extend(writer.runtime);
        frames
    }

    fn ty(&self, ty: &Type, direction: Direction) -> Expression {
        let mut writer = TypeWriter::qualified(self.project);
        let expression = writer.expression(ty, direction);
        self.runtime.borrow_mut().extend(writer.runtime);
        expression
    }

    /// The lines of the object of members, one level of indentation per depth.
    pub(super) fn factory(&self, root: &Node<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, node) in &root.children {
            self.create(name, node, 4, &mut lines);
        }
        lines
    }

    fn create(&self, name: &str, node: &Node<'_>, indent: usize, lines: &mut Vec<String>) {
        let pad = " ".repeat(indent);
        let key = object_key(name);
        if let ([entry], true) = (node.entries.as_slice(), node.children.is_empty()) {
            lines.push(format!("{pad}{key}: {},", self.value(entry, indent, width(&key) + 2, false)));
            return;
        }
        lines.push(format!("{pad}{key}: {{"));
        for entry in &node.entries {
            lines.push(format!("{pad}  ...{},", self.value(entry, indent + 2, 3, true)));
        }
        for (name, child) in &node.children {
            self.create(name, child, indent + 2, lines);
        }
        lines.push(format!("{pad}}},"));
    }

    /// The expression that makes an entry; `used` columns stand before it beside the indentation. What is `spread` has
    /// no place of a known type, so that its types have to be said.
    fn value(&self, entry: &Entry<'_>, indent: usize, used: usize, spread: bool) -> String {
        let mut arguments = match self.part(entry) {
            Expression::Generic(_, arguments) if spread => arguments,
            _ => Vec::new(),
        };
        let update;
        let (function, wire) = match entry {
            Entry::Topic(topic) if topic.by_handler => {
                update = topic.update_tag();
                ("core.broadcast", &update)
            }
            Entry::Topic(topic) => ("core.topic", &topic.name.wire),
            Entry::Broadcast(broadcast) => {
                arguments.truncate(1);
                ("core.broadcast", &broadcast.name.wire)
            }
            Entry::Operation(operation) if operation.action == Action::Send => {
                arguments.truncate(1);
                ("core.receive", &operation.name.wire)
            }
            Entry::Operation(operation) => {
                return arrow("message", "core.send", &operation.name.wire, indent, used);
            }
            Entry::Request(request) => {
                let parameter = if request.payload.is_some() { "payload" } else { "" };
                return arrow(parameter, "core.request", &request.name.wire, indent, used);
            }
        };
        let typed = match arguments.len() {
            0 => Expression::atom(function),
            _ => Expression::Generic(function.to_owned(), arguments),
        };
        let (head, wire) = (typed.flat(), string(wire));
        let column = indent + used;
        if column + width(&head) + width(&wire) + 3 > WIDTH && column + width(&head) < WIDTH {
            return format!("{head}(\n{pad}  {wire},\n{pad})", pad = " ".repeat(indent));
        }
        format!("{}({wire})", typed.print(indent, column, width(&wire) + 3))
    }
}

fn flat(parameters: &[(&'static str, Expression)]) -> String {
    let parameters = parameters.iter().map(|(name, ty)| format!("{name}: {}", ty.flat()));
    parameters.collect::<Vec<_>>().join(", ")
}

/// `head(parameters): result;` on one line or with one parameter per line.
pub(super) fn signature(
    head: &str,
    parameters: &[(&'static str, Expression)],
    result: &Expression,
    indent: usize,
) -> String {
    let line = format!("{head}({}): {};", flat(parameters), result.flat());
    if width(&line) <= WIDTH {
        return line;
    }
    let inner = " ".repeat(indent + 2);
    let lines = parameters.iter().map(|(name, ty)| {
        let ty = ty.print(indent + 2, indent + 2 + width(name) + 2, 1);
        format!("{inner}{},\n", joined(&format!("{name}:"), &ty))
    });
    let lines: String = lines.collect();
    let close = format!("{}): ", " ".repeat(indent));
    let result = result.print(indent, width(&close), 1);
    format!("{head}(\n{lines}{close}{result};")
}

/// `(payload, options) => core.request('name', payload, options)`
fn arrow(parameter: &str, function: &str, wire: &str, indent: usize, used: usize) -> String {
    let (parameters, arguments) = match parameter {
        "" => ("(options)".to_owned(), "undefined, options".to_owned()),
        parameter => (format!("({parameter}, options)"), format!("{parameter}, options")),
    };
    let call = format!("{function}({}, {arguments})", string(wire));
    let flat = format!("{parameters} => {call}");
    if indent + used + width(&flat) < WIDTH {
        return flat;
    }
    let inner = " ".repeat(indent + 2);
    if width(&inner) + width(&call) < WIDTH {
        return format!("{parameters} =>\n{inner}{call}");
    }
    let lines = format!(
        "{function}(\n{inner}  {},\n{inner}  {},\n{inner})",
        string(wire),
        arguments.replace(", ", &format!(",\n{inner}  "))
    );
    format!("{parameters} =>\n{inner}{lines}")
}

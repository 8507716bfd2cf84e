//! What a client does over plain HTTP: an interface of typed functions, and the one that makes them.

use askama::Template;

use super::client::signature;
use super::compact;
use super::endpoint::Place;
use super::exports::Exports;
use super::expression::Expression;
use super::files::{import, print};
use super::literal::{Literal, WIDTH, object_key, property_key, string, width};
use super::prose;
use super::scope::RuntimeType;
use super::types::{Member, TypeWriter};
use super::usage::Direction;
use super::{Project, endpoint};
use crate::emit::OutputFile;
use crate::model::{Api, Endpoint, Field, HealthMember, HttpCall, HttpSubject, Request, Shape, Topic, Type};

/// What the runtime calls the type of a server's health.
const SERVER_HEALTH: &str = "ServerHealth";

#[derive(Template)]
#[template(path = "typescript/http.ts", escape = "none")]
struct HttpFile<'a> {
    header: &'a str,
    runtime_types: String,
    uses_types: bool,
    root: &'a str,
    /// `BotHttp`
    name: &'a str,
    /// `botHttp`
    function: String,
    address: &'a str,
    members: Vec<Member>,
    factory: Vec<String>,
    is_filled: bool,
}

/// The file, where anything is done over HTTP.
pub(super) fn file(
    project: &Project<'_>,
    endpoint: &Endpoint,
    place: &Place,
    exports: &mut Exports,
) -> Option<OutputFile> {
    if endpoint.http_calls.is_empty() {
        return None;
    }
    let name = exports.single(&format!("{}Http", place.name));
    let mut writer = TypeWriter::qualified(project);
    let calls: Vec<_> =
        endpoint.http_calls.iter().map(|call| Call::of(&mut writer, endpoint, call)).collect();
    let mut members: Vec<_> = calls.iter().map(Call::declaration).collect();
    let mut factory: Vec<_> = calls.iter().map(Call::creation).collect();
    if compact::interface(&mut members) {
        members.iter_mut().for_each(|all| all.docs = format!("  {}", compact::IGNORE));
    }
    let is_filled = compact::factory(&mut factory);
    let scalars = writer.runtime.iter().map(|&runtime| RuntimeType::exported(runtime).to_owned());
    let has_health = |request: &Request| request.http.as_ref().is_some_and(|http| !http.health.is_empty());
    let health = endpoint.requests.iter().any(has_health).then(|| SERVER_HEALTH.to_owned());
    let mut runtime: Vec<_> = scalars.chain(["RequestOptions".to_owned()]).chain(health).collect();
    runtime.sort();
    let file = HttpFile {
        header: &project.header,
        runtime_types: import(&runtime, "bellwire"),
        uses_types: members.iter().any(|member| member.text.contains("types.")),
        root: place.root,
        function: function(&name),
        name: &name,
        address: &endpoint::comment_safe(&endpoint.address),
        members,
        factory,
        is_filled,
    };
    Some(print(format!("{}http.ts", place.folder), &file))
}

/// The name of the function that makes a `BotHttp`: `botHttp`.
pub(in crate::emit) fn function(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().into_iter().flat_map(char::to_lowercase).chain(characters).collect()
}

/// One function of the whole.
struct Call {
    member: String,
    docs: String,
    /// What it is given beside its options, if anything: name and type.
    parameter: Option<(&'static str, Expression)>,
    result: Expression,
    /// What the runtime has to know.
    spec: Literal,
}

impl Call {
    fn of(writer: &mut TypeWriter<'_>, endpoint: &Endpoint, call: &HttpCall) -> Self {
        let (parameter, result, spec) = match call.subject {
            HttpSubject::Request(at) => request(writer, &endpoint.requests[at]),
            HttpSubject::Topic(at) => topic(writer, &endpoint.topics[at], call.limit),
            HttpSubject::Store(at) => {
                let store = &endpoint.stores[at];
                let result = writer.expression(&store.shown, Direction::Received);
                let query = call.limit.then(|| ("query?", limit()));
                (query, result, read(&store.name.wire, store.http.as_deref(), Vec::new()))
            }
            HttpSubject::Broadcast(at) => {
                let broadcast = &endpoint.broadcasts[at];
                let told = broadcast.tells.as_ref();
                let payload = broadcast.payload.as_ref();
                let payload = payload.map(|payload| writer.expression(payload, Direction::Received));
                let payload = payload.unwrap_or_else(|| Expression::atom("unknown"));
                let result = match told.and_then(|told| told.member.as_ref()) {
                    Some(member) => Expression::Atom(format!("{}[{}]", payload.flat(), string(member))),
                    None => payload,
                };
                let path = told.and_then(|told| told.http.as_deref());
                (None, result, read(&broadcast.name.wire, path, Vec::new()))
            }
        };
        let docs = prose::http_call(endpoint, call).print(2);
        Self { member: call.member.clone(), docs, parameter, result, spec: Literal::Object(spec) }
    }

    fn declaration(&self) -> Member {
        let options = ("options?", Expression::atom("RequestOptions"));
        let parameters: Vec<_> = self.parameter.iter().cloned().chain([options]).collect();
        let result = Expression::Generic("Promise".to_owned(), vec![self.result.clone()]);
        let text = signature(&format!("  {}", property_key(&self.member)), &parameters, &result, 2);
        Member { docs: self.docs.clone(), text }
    }

    /// `pushEvent: (payload, options) => http({ … }, payload, options),`
    fn creation(&self) -> String {
        let name = self.parameter.as_ref().map(|(name, _)| name.trim_end_matches('?'));
        let (parameters, arguments) = match name {
            Some(name) => (format!("({name}, options)"), [name, "options"]),
            None => ("(options)".to_owned(), ["undefined", "options"]),
        };
        let head = format!("    {}: {parameters} =>", object_key(&self.member));
        let spec = self.spec.print(0, 0, 0);
        let call = format!("http({spec}, {}),", arguments.join(", "));
        let is_flat = !spec.contains('\n');
        if is_flat && width(&head) + 1 + width(&call) <= WIDTH {
            return format!("{head} {call}");
        }
        if is_flat && 6 + width(&call) <= WIDTH {
            return format!("{head}\n      {call}");
        }
        let spec = self.spec.print(8, 8, 1);
        format!("{head}\n      http(\n        {spec},\n        {},\n      ),", arguments.join(",\n        "))
    }
}

type Written = (Option<(&'static str, Expression)>, Expression, Vec<(String, Literal)>);

fn request(writer: &mut TypeWriter<'_>, request: &Request) -> Written {
    let payload = request.payload.as_ref().map(|ty| ("payload", writer.expression(ty, Direction::Sent)));
    let answer = match (request.produces(), &request.reply) {
        (Some(_), _) => Some("bytes"),
        (None, None) => Some("nothing"),
        (None, Some(_)) => None,
    };
    let result = match (answer, &request.reply) {
        (Some("bytes"), _) => Expression::atom("Blob"),
        (_, Some(reply)) => {
            let added = request.http.iter().flat_map(|http| health(&http.health));
            let reply = writer.expression(reply, Direction::Received);
            Expression::Intersection([reply].into_iter().chain(added).collect()).or_single()
        }
        (_, None) => Expression::atom("void"),
    };
    let mut spec = vec![text("type", &request.name.wire)];
    if let Some(http) = &request.http {
        if http.method.as_str() != "GET" {
            spec.push(text("method", http.method.as_str()));
        }
        spec.push(text("path", &http.path));
        let in_path = http.parameters.iter().filter(|parameter| parameter.in_path);
        let fields = request.payload.as_ref().map(|ty| fields(writer.api(), ty)).unwrap_or_default();
        let defaults = in_path.filter_map(|parameter| {
            let field = fields.iter().find(|field| field.name.wire == parameter.name)?;
            Some((parameter.name.clone(), Literal::from(field.default.as_ref()?)))
        });
        spec.extend(object("defaults", defaults.collect()));
        if http.body {
            spec.push(("body".to_owned(), Literal::Raw("true".to_owned())));
        }
    }
    spec.extend(answer.map(|answer| text("answer", answer)));
    (payload, result, spec)
}

/// The type of what the server adds of its health.
fn health(members: &[HealthMember]) -> Option<Expression> {
    let all = Expression::atom(SERVER_HEALTH);
    match members {
        [] => None,
        members if members.len() == HealthMember::ALL.len() => Some(all),
        members => {
            let names = members.iter().map(|member| Expression::Atom(string(member.name()))).collect();
            let names = Expression::Union(names).or_single();
            Some(Expression::Generic("Pick".to_owned(), vec![all, names]))
        }
    }
}

fn topic(writer: &mut TypeWriter<'_>, topic: &Topic, has_limit: bool) -> Written {
    let path = topic.state.as_ref().and_then(|state| state.http.as_deref());
    let result = topic.snapshot.as_ref().map(|ty| writer.expression(ty, Direction::Received));
    let params = Type::Named(topic.params);
    let fields = fields(writer.api(), &params);
    let is_needed = fields.iter().any(|field| field.required && field.default.is_none());
    let members = (!fields.is_empty()).then(|| writer.expression(&params, Direction::Sent));
    let parts: Vec<_> = members.into_iter().chain(has_limit.then(limit)).collect();
    let query = (!parts.is_empty()).then(|| Expression::Intersection(parts).or_single());
    let query = query.map(|query| (if is_needed { "query" } else { "query?" }, query));
    let in_path = |name: &str| path.is_some_and(|path| path.contains(&format!("{{{name}}}")));
    let defaults = topic.param_shape.members.iter().filter(|(key, ..)| in_path(key));
    let defaults =
        defaults.filter_map(|(key, default, _)| Some((key.clone(), Literal::from(default.as_ref()?))));
    let mut rest: Vec<_> = object("defaults", defaults.collect()).into_iter().collect();
    if reads_lists(writer.api(), topic) {
        rest.push(text("lists", "json"));
    }
    let result = result.unwrap_or_else(|| Expression::atom("unknown"));
    (query, result, read(&topic.name.wire, path, rest))
}

/// Whether a parameter of the topic is a list: the query has it as JSON then.
pub(in crate::emit) fn reads_lists(api: &Api, topic: &Topic) -> bool {
    let params = Type::Named(topic.params);
    fields(api, &params).iter().any(|field| field.ty.is_list(&api.types))
}

/// The fields of an object.
fn fields<'a>(api: &'a Api, ty: &Type) -> &'a [Field] {
    let Type::Named(id) = ty else { return &[] };
    match &api.type_def(*id).shape {
        Shape::Object(object) => &object.fields,
        Shape::Alias(inner) if inner != ty => fields(api, inner),
        _ => &[],
    }
}

fn limit() -> Expression {
    Expression::Braces(vec![("readonly limit?".to_owned(), Expression::atom("number"))])
}

/// What the runtime has to know of something that is read.
fn read(wire: &str, path: Option<&str>, rest: Vec<(String, Literal)>) -> Vec<(String, Literal)> {
    [text("type", wire), text("path", path.unwrap_or_default())].into_iter().chain(rest).collect()
}

fn text(key: &str, value: &str) -> (String, Literal) {
    (key.to_owned(), Literal::text(value))
}

fn object(key: &str, members: Vec<(String, Literal)>) -> Option<(String, Literal)> {
    (!members.is_empty()).then(|| (key.to_owned(), Literal::Object(members)))
}

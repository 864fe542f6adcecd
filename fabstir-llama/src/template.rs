//! The model's chat template, rendered so that its own text and the users' stay apart.
//!
//! Jinja knows only strings, so the template never sees a message: it sees a marker in each message's place. What
//! comes out is split at the markers into pieces of template, where special tokens mean themselves, and contents,
//! where they are text. The markers carry an odd space on either side; where a template trims its messages these are
//! gone, and the content is trimmed likewise.

use crate::{Error, calendar::Moment};
use fabstir_core::wire::{Message, Role};
use minijinja::{Environment, ErrorKind, Value, context, syntax::SyntaxConfig};
use std::time::SystemTime;

/// From Unicode's private use area, which templates do not contain.
const OPEN: char = '\u{F8F0}';
const CLOSE: char = '\u{F8F1}';
/// White space that templates do not write: an em quad.
const PAD: char = '\u{2001}';
const NAME: &str = "chat_template";

/// A part of a rendered conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// The template's own text: special tokens in it mean themselves.
    Template(String),
    /// A message's content: nothing in it is special.
    Content(String),
}

/// A compiled chat template.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    /// Compiles a template; `bos` and `eos` are the texts of the model's tokens of those names.
    ///
    /// # Errors
    ///
    /// [`Error::Template`] with the place of the mistake.
    pub(crate) fn new(source: &str, bos: String, eos: String) -> Result<Self, Error> {
        let mut environment = Environment::new();
        // As the library that defined these templates sets Jinja up.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(failed)?);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", |format: String| Moment::of(SystemTime::now()).format(&format));
        environment.add_template_owned(NAME, without_generation_tags(source)).map_err(failed)?;
        Ok(Self { environment, bos, eos })
    }

    /// What the tokens of a conversation's first `committed` messages lack to be answered: the whole rendering at the
    /// start, later what follows the last committed message.
    ///
    /// # Errors
    ///
    /// [`Error::Template`] if the template refuses, loses or alters the messages.
    pub(crate) fn continuation(&self, messages: &[Message], committed: usize) -> Result<Vec<Segment>, Error> {
        let Some(last) = committed.checked_sub(1) else {
            return self.after(messages, 0, &[]);
        };
        match messages.get(last) {
            Some(message) if message.role == Role::Assistant => {}
            _ => return Err(Error::Template(format!("message {last} does not end an answered turn"))),
        }
        self.after(messages, committed, &[]).or_else(|error| {
            // Some templates move the system message to the last question, where it would be read anew each turn. It
            // is in the context already, so such conversations go on without it.
            let committed_system: Vec<_> = (0..last).filter(|i| messages[*i].role == Role::System).collect();
            if committed_system.is_empty() { Err(error) } else { self.after(messages, committed, &committed_system) }
        })
    }

    fn after(&self, messages: &[Message], committed: usize, without: &[usize]) -> Result<Vec<Segment>, Error> {
        let kept: Vec<usize> = (0..messages.len()).filter(|index| !without.contains(index)).collect();
        let rendered = self.render(kept.iter().map(|index| (*index, messages[*index].role)))?;
        let mut pieces = split(&rendered)?;
        if let Some(last) = committed.checked_sub(1) {
            let place =
                pieces.iter().rposition(|piece| matches!(piece, Piece::Message { index, .. } if *index == last));
            let place = place.ok_or_else(|| Error::Template(format!("it leaves out message {last}")))?;
            pieces.drain(..=place);
        }
        for index in committed..messages.len() {
            if !pieces.iter().any(|piece| matches!(piece, Piece::Message { index: i, .. } if *i == index)) {
                return Err(Error::Template(format!("it leaves out message {index}")));
            }
        }
        pieces.into_iter().map(|piece| piece.fill(messages, committed)).collect()
    }

    fn render(&self, roles: impl Iterator<Item = (usize, Role)>) -> Result<String, Error> {
        let messages: Vec<Value> = roles
            .map(|(index, role)| context! { role => role.name(), content => format!("{PAD}{OPEN}{index}{CLOSE}{PAD}") })
            .collect();
        let template = self.environment.get_template(NAME).map_err(failed)?;
        let values = context! {
            messages,
            add_generation_prompt => true,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
            tools => (),
            documents => (),
        };
        template.render(values).map_err(failed)
    }
}

fn failed(error: minijinja::Error) -> Error {
    Error::Template(error.to_string())
}

fn raise_exception(message: String) -> Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

/// `{% generation %}` marks answers for training and means nothing here; minijinja does not know it. A block that always
/// applies takes its place, so that white space is trimmed as before.
fn without_generation_tags(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start..].find("%}") else { break };
        let (before, tag) = rest[..start + length].split_at(start);
        kept.push_str(before);
        match tag[2..].trim_matches(['-', '+', ' ']) {
            "generation" => kept.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => kept.push_str(&tag.replace("endgeneration", "endif")),
            _ => kept.push_str(tag),
        }
        rest = &rest[start + length..];
    }
    kept + rest
}

/// A part of what the template rendered.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Message { index: usize, trim_start: bool, trim_end: bool },
}

impl Piece<'_> {
    fn fill(self, messages: &[Message], committed: usize) -> Result<Segment, Error> {
        match self {
            Self::Text(text) => Ok(Segment::Template(text.to_owned())),
            Self::Message { index, .. } if index < committed => {
                Err(Error::Template(format!("it repeats message {index}, which was read before")))
            }
            Self::Message { index, trim_start, trim_end } => {
                let content = messages.get(index).map(|message| message.content.as_str()).unwrap_or_default();
                let content = if trim_start { content.trim_start() } else { content };
                let content = if trim_end { content.trim_end() } else { content };
                Ok(Segment::Content(content.to_owned()))
            }
        }
    }
}

fn split(rendered: &str) -> Result<Vec<Piece<'_>>, Error> {
    let altered = || Error::Template("it alters the messages".into());
    let mut pieces = Vec::new();
    let mut rest = rendered;
    while let Some(start) = rest.find(OPEN) {
        let (before, marker) = rest.split_at(start);
        let (number, after) = marker[OPEN.len_utf8()..].split_once(CLOSE).ok_or_else(altered)?;
        let index = number.parse().map_err(|_| altered())?;
        let (before, trim_start) = before.strip_suffix(PAD).map_or((before, true), |before| (before, false));
        let (after, trim_end) = after.strip_prefix(PAD).map_or((after, true), |after| (after, false));
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Message { index, trim_start, trim_end });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    let whole = |piece: &Piece<'_>| !matches!(piece, Piece::Text(text) if text.contains([CLOSE, PAD]));
    if pieces.iter().all(whole) { Ok(pieces) } else { Err(altered()) }
}

#[cfg(test)]
mod tests;

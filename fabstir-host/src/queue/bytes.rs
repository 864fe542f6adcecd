//! The tokenizer of programs that deal in text: a token is a byte of UTF-8, five more mark who speaks and where that
//! ends. It loses nothing, so the conversation can be read back from its tokens.

use fabstir_core::{
    inference::TokenId,
    wire::{Message, Role},
};

/// Token ids: the bytes, the three roles and the end of a message.
pub const BYTE_VOCABULARY: u32 = 260;
/// Most tokens around one message: the end of the answer before it, its role, its end, and the answer's role.
pub const BYTE_OVERHEAD: u32 = 4;

const SYSTEM: TokenId = 256;
const USER: TokenId = 257;
const ASSISTANT: TokenId = 258;
/// Ends a message; sampled where the program ended its answer itself.
pub(super) const END: TokenId = 259;

const fn of_role(role: Role) -> TokenId {
    match role {
        Role::System => SYSTEM,
        Role::User => USER,
        Role::Assistant => ASSISTANT,
    }
}

const fn role_of(token: TokenId) -> Option<Role> {
    match token {
        SYSTEM => Some(Role::System),
        USER => Some(Role::User),
        ASSISTANT => Some(Role::Assistant),
        _ => None,
    }
}

/// The tokens of the messages after the first `committed`, and the answer's role.
pub(super) fn render(messages: &[Message], committed: usize, last_token: Option<TokenId>) -> Vec<TokenId> {
    let mut tokens = Vec::new();
    // An answer that was cut off.
    if last_token.is_some_and(|last| last != END) {
        tokens.push(END);
    }
    for message in messages.iter().skip(committed) {
        tokens.push(of_role(message.role));
        tokens.extend(message.content.bytes().map(TokenId::from));
        tokens.push(END);
    }
    tokens.push(ASSISTANT);
    tokens
}

/// The conversation that tokens are, without the answer about to be made.
pub(super) fn messages(tokens: &[TokenId]) -> Vec<Message> {
    let mut messages = Vec::new();
    for part in tokens.split(|token| *token == END) {
        let Some((first, content)) = part.split_first() else { continue };
        let Some(role) = role_of(*first) else { continue };
        let bytes: Vec<u8> = content.iter().filter_map(|token| u8::try_from(*token).ok()).collect();
        messages.push(Message::new(role, String::from_utf8_lossy(&bytes)));
    }
    if tokens.last() == Some(&ASSISTANT) {
        messages.pop();
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_costs_its_bytes_and_four_tokens_at_most() {
        let talk = [Message::user("a\u{e9}")];
        assert_eq!(render(&talk, 0, None), [USER, 97, 0xC3, 0xA9, END, ASSISTANT]);
        assert_eq!(render(&talk, 0, Some(7)).len(), 3 + BYTE_OVERHEAD as usize);
    }

    #[test]
    fn an_answer_is_closed_once() {
        let talk = [Message::user("a"), Message::assistant("b"), Message::user("c")];
        assert_eq!(render(&talk, 2, Some(END)), [USER, 99, END, ASSISTANT]);
        assert_eq!(render(&talk, 2, Some(98)), [END, USER, 99, END, ASSISTANT]);
    }

    #[test]
    fn half_a_character_is_read_back_as_the_client_saw_it() {
        let tokens = [USER, 97, END, ASSISTANT, 0xC3, END, USER, 98, END, ASSISTANT];
        let expected = [Message::user("a"), Message::assistant("\u{FFFD}"), Message::user("b")];
        assert_eq!(messages(&tokens), expected);
    }

    proptest! {
        #[test]
        fn conversations_are_read_back(talk in prop::collection::vec((0..3_u8, ".{0,12}"), 1..8)) {
            let talk: Vec<Message> = talk
                .into_iter()
                .map(|(role, text)| Message::new([Role::System, Role::User, Role::Assistant][usize::from(role)], text))
                .collect();
            prop_assert_eq!(messages(&render(&talk, 0, None)), talk);
        }
    }
}

//! Chat history to a prompt within a token budget.

use crate::{
    Code, Error,
    wire::{Message, Role},
};

/// The messages to keep, by index and in order: every system message, the last turn, and as many whole turns before
/// it, newest first, as the budget holds. A turn is a user message and what follows it up to the next.
///
/// `costs` are the messages' tokens, template included; `budget` is what the prompt may take, in tokens. Turns are
/// dropped from the oldest on, never from the middle: a conversation with a hole reads worse than a shorter one.
///
/// # Errors
///
/// [`Code::PromptTooLong`] if the system messages and the last turn alone are over the budget,
/// [`Code::InvalidParams`] if there is no user message or not one cost a message.
pub fn fit(messages: &[Message], costs: &[u32], budget: u32) -> Result<Vec<usize>, Error> {
    if messages.len() != costs.len() {
        let message = format!("{} messages with {} costs", messages.len(), costs.len());
        return Err(Error::coded(Code::InvalidParams, message));
    }
    let Some(last_turn) = messages.iter().rposition(|message| message.role == Role::User) else {
        return Err(Error::coded(Code::InvalidParams, "there is no user message"));
    };
    let is_system = |index: usize| messages[index].role == Role::System;
    let cost = |index: usize| u64::from(costs[index]);

    let kept_anyway = (0..messages.len()).filter(|index| is_system(*index) || *index >= last_turn);
    let mut used: u64 = kept_anyway.map(cost).sum();
    if used > u64::from(budget) {
        return Err(Error::coded(Code::PromptTooLong, format!("the prompt needs {used} tokens, at most {budget}")));
    }

    // Walk back turn by turn; `first` is the oldest message kept that is not a system message.
    let mut first = last_turn;
    let mut turn = 0;
    for index in (0..last_turn).rev() {
        if !is_system(index) {
            turn += cost(index);
        }
        if messages[index].role == Role::User || index == 0 {
            if used + turn > u64::from(budget) {
                break;
            }
            used += turn;
            turn = 0;
            first = index;
        }
    }
    Ok((0..messages.len()).filter(|index| is_system(*index) || *index >= first).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history(roles: &str) -> Vec<Message> {
        let role = |letter| match letter {
            's' => Role::System,
            'u' => Role::User,
            _ => Role::Assistant,
        };
        roles.chars().map(|letter| Message::new(role(letter), "")).collect()
    }

    fn kept(roles: &str, costs: &[u32], budget: u32) -> Result<Vec<usize>, Code> {
        fit(&history(roles), costs, budget).map_err(|error| error.code())
    }

    #[test]
    fn the_oldest_turns_go_first_and_whole() {
        let costs = [10, 5, 5, 5, 5, 5];
        assert_eq!(kept("suauau", &costs, 35), Ok(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(kept("suauau", &costs, 34), Ok(vec![0, 3, 4, 5]));
        assert_eq!(kept("suauau", &costs, 25), Ok(vec![0, 3, 4, 5]));
        assert_eq!(kept("suauau", &costs, 24), Ok(vec![0, 5]));
        assert_eq!(kept("suauau", &costs, 15), Ok(vec![0, 5]));
        assert_eq!(kept("suauau", &costs, 14), Err(Code::PromptTooLong));
    }

    #[test]
    fn a_turn_that_does_not_fit_hides_those_before_it() {
        assert_eq!(kept("uauau", &[1, 1, 50, 50, 1], 20), Ok(vec![4]));
    }

    #[test]
    fn system_messages_stay_wherever_they_stand() {
        assert_eq!(kept("uasuau", &[5, 5, 2, 5, 5, 5], 10), Ok(vec![2, 5]));
    }

    #[test]
    fn what_comes_before_the_first_user_message_is_a_turn_too() {
        assert_eq!(kept("auau", &[3, 3, 3, 3], 12), Ok(vec![0, 1, 2, 3]));
        assert_eq!(kept("auau", &[3, 3, 3, 3], 11), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn an_answer_already_begun_belongs_to_the_last_turn() {
        assert_eq!(kept("uaua", &[1, 1, 5, 5], 10), Ok(vec![2, 3]));
        assert_eq!(kept("uaua", &[1, 1, 5, 5], 9), Err(Code::PromptTooLong));
    }

    #[test]
    fn costs_beyond_32_bits_are_added_right() {
        assert_eq!(kept("uu", &[u32::MAX, u32::MAX], u32::MAX), Ok(vec![1]));
        assert_eq!(kept("su", &[u32::MAX, 1], u32::MAX), Err(Code::PromptTooLong));
    }

    #[test]
    fn no_user_message_or_unequal_costs_are_refused() {
        assert_eq!(kept("", &[], 10), Err(Code::InvalidParams));
        assert_eq!(kept("sa", &[1, 1], 10), Err(Code::InvalidParams));
        assert_eq!(kept("u", &[], 10), Err(Code::InvalidParams));
    }

    proptest! {
        #[test]
        fn the_most_that_fits_is_kept(
            costed in proptest::collection::vec(("[sua]", 0..50_u32), 1..30),
            budget in 0..400_u32,
        ) {
            let roles: String = costed.iter().map(|(role, _)| role.as_str()).collect();
            let costs: Vec<u32> = costed.iter().map(|(_, cost)| *cost).collect();
            let messages = history(&roles);
            let Ok(kept) = fit(&messages, &costs, budget) else { return Ok(()) };
            let total = |indices: &[usize]| indices.iter().map(|index| costs[*index]).sum::<u32>();
            prop_assert!(total(&kept) <= budget);
            let system = |index: &usize| messages[*index].role == Role::System;
            let first = *kept.iter().find(|index| !system(index)).expect("the last user message");
            let expected: Vec<usize> = (0..messages.len()).filter(|index| system(index) || *index >= first).collect();
            prop_assert_eq!(&kept, &expected);
            // One more turn would not fit.
            let before = (0..first).rev().find(|index| messages[*index].role == Role::User)
                .or_else(|| (0..first).find(|index| !system(index)));
            if let Some(earlier) = before {
                let more: Vec<usize> = (0..messages.len()).filter(|index| system(index) || *index >= earlier).collect();
                prop_assert!(total(&more) > budget);
            }
        }
    }
}

//! Bounds that a host states, and bounds that it breaks.

use super::*;

#[test]
fn bounds_that_bind_nobody_are_refused() {
    let cheats: [Cheat<wire::Opened>; 5] = [
        ("adds 1025 tokens", |opened| opened.overhead = wire::MAX_OVERHEAD + 1),
        ("adds 4294967295 tokens", |opened| opened.overhead = u32::MAX),
        ("on credit", |opened| opened.credit_tokens = 0),
        ("checkpoints", |opened| opened.checkpoint_tokens = 0),
        ("holds nothing", |opened| opened.context = 0),
    ];
    for (words, cheat) in cheats {
        let (mut session, host) = (RenterSession::new(agreement()), Host::new(&agreement()));
        greet(&mut session, &host);
        let mut opened = host.opened.clone();
        cheat(&mut opened);
        let said = refusal(&mut session, HostMessage::Opened(Box::new(opened)));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn nothing_beyond_the_context_is_paid_for() {
    // Four tokens fed and three sampled fill it.
    for (context, fed, sampled) in [(3, false, 0), (6, true, 2), (7, true, 3)] {
        let (mut session, mut host) = (RenterSession::new(agreement()), Host::new(&agreement()));
        host.opened.context = context;
        greet(&mut session, &host);
        let _ = step(&mut session, HostMessage::Opened(Box::new(host.opened.clone())));
        session.prompt("Who is the baker?".into(), params()).expect("a prompt");
        let accepted = session.receive(HostMessage::Accepted(host.accepted(0, &[1, 2, 3, 4])));
        assert_eq!(accepted.is_ok(), fed, "{context}: {accepted:?}");
        let taken = (0..3).take_while(|index| session.receive(HostMessage::Token(host.token(0, *index))).is_ok());
        assert_eq!(taken.count(), sampled, "{context}");
    }
}

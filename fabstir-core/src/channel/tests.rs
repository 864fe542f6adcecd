use super::*;
use proptest::prelude::*;

const HELLO: &[u8] = b"{\"type\":\"hello\"}";

/// Both sides of a channel, host first.
fn pair() -> (Channel, Channel) {
    let host = HostHandshake::new([1; 32], HELLO).expect("a key");
    let client = ClientHandshake::new([2; 32]).expect("a key");
    let key = client.key();
    let (sealed, client) = client.finish(host.key(), HELLO, b"open").expect("a channel");
    let (frame, told, host) = host.finish(&sealed).expect("the same channel");
    assert_eq!((frame.as_slice(), told), (&b"open"[..], key));
    (host, client)
}

#[test]
fn frames_pass_both_ways() {
    let (mut host, mut client) = pair();
    for frame in [&b""[..], b"prompt", &[7; 200_000]] {
        let sealed = client.seal(frame).expect("seals");
        assert_eq!(host.open(&sealed).expect("opens"), frame);
        let sealed = host.seal(frame).expect("seals");
        assert_eq!(client.open(&sealed).expect("opens"), frame);
    }
}

#[test]
fn what_another_sealed_replayed_cut_or_changed_is_refused() {
    let (mut host, mut client) = pair();
    let sealed = client.seal(b"prompt").expect("seals");
    assert!(host.open(&sealed).is_ok());
    assert_eq!(host.open(&sealed).map_err(|error| error.code()), Err(Code::MalformedFrame), "replayed");

    let (mut host, mut client) = pair();
    let whole = client.seal(&[7; 100_000]).expect("seals");
    assert!(host.open(&whole[..MESSAGE]).is_err(), "cut between two of its messages");
    let (mut host, mut client) = pair();
    let second = {
        client.seal(b"1").expect("seals");
        client.seal(b"2").expect("seals")
    };
    assert!(host.open(&second).is_err(), "out of order");

    let other = HostHandshake::new([3; 32], HELLO).expect("a key");
    let (stranger, _) = ClientHandshake::new([4; 32]).expect("a key").finish(other.key(), HELLO, b"").expect("seals");
    assert!(HostHandshake::new([1; 32], HELLO).expect("a key").finish(&stranger).is_err(), "sealed for another key");
    let host = HostHandshake::new([1; 32], b"another hello").expect("a key");
    let (sealed, _) = ClientHandshake::new([2; 32]).expect("a key").finish(host.key(), HELLO, b"").expect("seals");
    assert!(host.finish(&sealed).is_err(), "the hello was changed on its way");
}

#[test]
fn the_longest_frame_fits_its_bound() {
    let (mut host, _) = pair();
    let sealed = host.seal(&vec![0; crate::wire::MAX_FRAME_BYTES]).expect("seals");
    assert!(sealed.len() <= MAX_SEALED_BYTES, "{}", sealed.len());
}

#[test]
fn the_length_of_a_token_does_not_show() {
    let (mut host, _) = pair();
    let lengths: Vec<usize> =
        (0..PADDING - 4).map(|length| host.seal(&vec![b'x'; length]).expect("seals").len()).collect();
    assert!(lengths.iter().all(|length| *length == PADDING + TAG), "{lengths:?}");
}

proptest! {
    #[test]
    fn nothing_forged_opens(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in any::<usize>(), bit in 0..8u8) {
        let (mut host, mut client) = pair();
        prop_assert!(host.open(&bytes).is_err());
        let (mut fresh, mut sender) = pair();
        let mut sealed = sender.seal(&bytes).expect("seals");
        let at = at % sealed.len();
        sealed[at] ^= 1 << bit;
        prop_assert!(fresh.open(&sealed).is_err());
        let _ = client.seal(b"");
        prop_assert!(HostHandshake::new([1; 32], HELLO).expect("a key").finish(&bytes).is_err());
    }
}

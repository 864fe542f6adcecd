use super::*;
use alloy_primitives::keccak256;
use alloy_sol_types::SolValue;
use proptest::prelude::*;

fn word(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

fn transcript() -> Transcript {
    Transcript::new(U256::from(7), word(1), word(2))
}

/// One call.
#[derive(Debug, Clone)]
enum Call {
    Turn,
    Feed(Vec<u32>),
    Sample(Vec<u32>),
    Reread(Vec<u32>),
    Edit(u64, u64),
    Checkpoint,
}

fn call() -> impl Strategy<Value = Call> {
    let tokens = || proptest::collection::vec(any::<u32>(), 0..80);
    prop_oneof![
        1 => Just(Call::Turn),
        3 => tokens().prop_map(Call::Feed),
        3 => tokens().prop_map(Call::Sample),
        1 => tokens().prop_map(Call::Reread),
        1 => any::<(u64, u64)>().prop_map(|(start, end)| Call::Edit(start, end)),
        2 => Just(Call::Checkpoint),
    ]
}

fn apply(transcript: &mut Transcript, call: &Call) -> Option<CheckpointRoot> {
    match call {
        Call::Turn => {
            transcript.begin_turn();
        }
        Call::Feed(tokens) => transcript.feed(tokens, word(transcript.turn())),
        Call::Sample(tokens) => tokens.iter().for_each(|token| transcript.sample(*token)),
        Call::Reread(tokens) => transcript.reread(tokens),
        Call::Edit(start, end) => transcript.edit(*start, *end),
        Call::Checkpoint => return Some(transcript.checkpoint(&[]).expect("no fingerprints")),
    }
    None
}

proptest! {
    #[test]
    fn leaves_keep_the_rules(calls in proptest::collection::vec(call(), 0..40)) {
        let mut transcript = transcript();
        let mut closed = Vec::new();
        transcript.begin_turn();
        for call in calls.iter().chain([&Call::Checkpoint]) {
            let before = (transcript.input_tokens(), transcript.output_tokens());
            let dirty = transcript.is_dirty();
            let Some(made) = apply(&mut transcript, call) else { continue };
            prop_assert_eq!((made.input_tokens, made.output_tokens), before);
            prop_assert_eq!(made.head, transcript.head());
            prop_assert_eq!(!made.leaves.is_empty(), dirty);
            prop_assert!(!transcript.is_dirty(), "a closed checkpoint keeps nothing");
            closed.extend(made.leaves);
        }
        let mut context = transcript.salt();
        let mut position = 0;
        for (index, leaf) in closed.iter().enumerate() {
            prop_assert_eq!(leaf.index, index as u64);
            prop_assert_eq!((leaf.context, leaf.position), (context, position));
            prop_assert!(leaf.count <= 32);
            prop_assert_eq!(leaf.count == 0, leaf.kind == Kind::Edit);
            context = leaf.context_after();
            if matches!(leaf.kind, Kind::Fed | Kind::Sampled) {
                position += u64::from(leaf.count);
            }
        }
        prop_assert_eq!((transcript.context(), transcript.position()), (context, position));
        let billed = closed.iter().fold((0, 0), |(i, o), leaf| (i + leaf.input_tokens(), o + leaf.output_tokens()));
        prop_assert_eq!(billed, (transcript.input_tokens(), transcript.output_tokens()));
    }

    #[test]
    fn how_tokens_are_handed_over_does_not_matter(tokens in proptest::collection::vec(any::<u32>(), 0..100), cut: usize) {
        let (mut whole, mut parts) = (transcript(), transcript());
        let cut = cut % (tokens.len() + 1);
        whole.feed(&tokens, word(3));
        parts.feed(&tokens[..cut], word(3));
        parts.feed(&[], word(3));
        parts.feed(&tokens[cut..], word(3));
        prop_assert_eq!(whole.context(), parts.context());
        prop_assert_eq!(whole.checkpoint(&[]), parts.checkpoint(&[]));
    }

    #[test]
    fn every_token_changes_the_head(tokens in proptest::collection::vec(any::<u32>(), 1..100), at: usize, bit in 0..32_u32) {
        let mut other = tokens.clone();
        let at = at % tokens.len();
        other[at] ^= 1_u32 << bit;
        let head = |tokens: &[u32]| {
            let mut transcript = transcript();
            tokens.iter().for_each(|token| transcript.sample(*token));
            transcript.checkpoint(&[]).expect("no fingerprints").head
        };
        prop_assert_ne!(head(&tokens), head(&other));
    }
}

#[test]
fn hashes_are_those_of_abi_encode() {
    let leaf = Leaf {
        salt: word(1),
        index: 2,
        turn: 3,
        kind: Kind::Reread,
        position: 4,
        count: 5,
        context: word(6),
        tokens: word(7),
        fingerprint: word(8),
        blind: word(9),
    };
    // alloy has no `SolValue` for u8, whose word is the same as u16's.
    let tuple = (
        keccak256("fabstir/leaf/1"),
        (leaf.salt, leaf.index, leaf.turn, 3_u16, leaf.position, leaf.count),
        (leaf.context, leaf.tokens, leaf.fingerprint, leaf.blind),
    );
    assert_eq!(leaf.hash(), keccak256(tuple.abi_encode()));
    let id = ModelId { blake3: word(1), size: u64::MAX };
    assert_eq!(id.hash(), keccak256((word(1), u64::MAX).abi_encode()));
    assert_eq!(salt(U256::MAX, word(1)), keccak256((keccak256("fabstir/session/1"), U256::MAX, word(1)).abi_encode()));
}

#[test]
fn numbers_count_from_zero_and_sequences_from_one() {
    let mut transcript = transcript();
    assert_eq!((transcript.turns(), transcript.sequence()), (0, 0));
    assert_eq!(transcript.head(), transcript.salt());
    assert_eq!([transcript.begin_turn(), transcript.begin_turn()], [0, 1]);
    assert_eq!((transcript.turns(), transcript.turn()), (2, 1));
    assert_eq!(transcript.checkpoint(&[]).map(|made| made.sequence), Ok(1));
}

#[test]
fn an_empty_checkpoint_still_moves_the_head() {
    let mut transcript = transcript();
    let made = transcript.checkpoint(&[]).expect("no fingerprints");
    assert!(made.leaves.is_empty());
    assert_ne!(made.head, transcript.salt());
    let zero = [&[2][..], &[0; 16], B256::ZERO.as_slice()].concat();
    assert_eq!(made.root, keccak256(zero));
}

#[test]
fn an_odd_node_is_promoted() {
    let mut transcript = transcript();
    transcript.feed(&[1, 2], B256::ZERO);
    transcript.sample(3);
    transcript.feed(&[4], B256::ZERO);
    let leaves = transcript.checkpoint(&[]).expect("no fingerprints").leaves;
    let [a, b, c] = [(2, 0, 0), (0, 1, 1), (1, 0, 2)]
        .map(|(input, output, at): (u64, u64, usize)| (input, output, leaves[at].hash()));
    let top = node(node(a, b), c);
    let bytes = [&[2][..], &3_u64.to_be_bytes(), &1_u64.to_be_bytes(), top.2.as_slice()].concat();
    assert_eq!(root(&leaves), keccak256(bytes));
}

#[test]
fn fingerprints_go_to_sampled_leaves_in_order() {
    let mut transcript = transcript();
    transcript.feed(&[1], word(5));
    (0..40).for_each(|token| transcript.sample(token));
    assert_eq!(transcript.sampled_leaves(), 2);
    let before = transcript.clone();
    assert!(transcript.checkpoint(&[word(6), word(7), word(8)]).is_err());
    assert_eq!(transcript.sequence(), 0, "a refused checkpoint changes nothing");
    assert_eq!(transcript.context(), before.context());
    let leaves = transcript.checkpoint(&[word(6)]).expect("fewer are enough").leaves;
    let fingerprints: Vec<B256> = leaves.iter().map(|leaf| leaf.fingerprint).collect();
    assert_eq!(fingerprints, [word(5), word(6), B256::ZERO]);
}

#[test]
fn the_secret_changes_leaves_but_not_contexts() {
    let made = |secret| {
        let mut transcript = Transcript::new(U256::from(7), word(1), secret);
        transcript.feed(&[1], B256::ZERO);
        transcript.checkpoint(&[]).expect("no fingerprints")
    };
    let (a, b) = (made(word(2)), made(word(3)));
    assert_eq!(a.context, b.context);
    assert_ne!(a.leaves[0].hash(), b.leaves[0].hash());
    assert_ne!(a.head, b.head);
}

#[test]
fn a_transcript_prints_no_secret() {
    let printed = format!("{:?}", transcript());
    assert!(!printed.contains(&format!("{:x}", word(2))), "{printed}");
}

#[test]
fn seed_links_hash_to_the_ones_before() {
    let root = word(1);
    assert_eq!(host_seed_link(root, 5, 5), Ok(root));
    for k in 0..5 {
        let [link, next] = [k, k + 1].map(|k| host_seed_link(root, 5, k).expect("in the chain"));
        assert!(is_next_host_seed(link, next));
        assert!(!is_next_host_seed(next, link));
    }
    assert!(host_seed_link(root, 5, 6).is_err());
}

#[test]
fn records_read_back_and_their_id_is_their_hash() {
    let record = TurnRecord {
        role: crate::wire::Role::Assistant,
        tokens: vec![1, 2, 70_000],
        text: "naïve".to_owned(),
        params: crate::sampling::Sampling::DEFAULT,
        finish_reason: crate::inference::FinishReason::Stop,
    };
    let bytes = record.to_bytes().expect("plain fields");
    assert_eq!(TurnRecord::from_bytes(&bytes), Ok(record.clone()));
    assert_eq!(record.id(), Ok(B256::from(*blake3::hash(&bytes).as_bytes())));
}

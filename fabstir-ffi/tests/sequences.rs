//! Random sequences of calls. The fuzz target in `fuzz/` plays the same for as long as one likes.

mod calls;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_sequence_of_calls_does_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        calls::play(&bytes);
        // The only test of this process: nothing else has handles.
        prop_assert_eq!(fabstir::fabstir_handles_open(), 0);
    }
}

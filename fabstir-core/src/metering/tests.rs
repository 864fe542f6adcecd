use super::*;
use crate::{
    messages::{Checkpoint, Domain, Signed, Voucher},
    signature::{Signature65, SigningKey},
};
use alloy_primitives::Address;
use proptest::prelude::*;

const SESSION: U256 = U256::ONE;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32]).expect("a valid key")
}

fn domain() -> Domain {
    Domain::new(31_337, Address::repeat_byte(9))
}

/// One base unit a token, fed or sampled.
fn config() -> LedgerConfig {
    LedgerConfig {
        session_id: SESSION,
        prices: Prices::new(1_000_000, 1_000_000),
        deposit: Amount::from(10_000u64),
        credit_tokens: 256,
        checkpoint_tokens: 64,
    }
}

fn transcript() -> Transcript {
    Transcript::new(SESSION, B256::repeat_byte(1), B256::repeat_byte(2))
}

/// Both sides of one session, and the keys they sign with.
struct Pair {
    host: HostLedger,
    renter: RenterLedger,
    host_key: SigningKey,
    voucher_key: SigningKey,
}

impl Pair {
    fn new(config: LedgerConfig) -> Self {
        Self {
            host: HostLedger::new(config, transcript()),
            renter: RenterLedger::new(config, transcript()),
            host_key: key(1),
            voucher_key: key(2),
        }
    }

    fn prompt(&mut self, tokens: usize) {
        let tokens = vec![7; tokens];
        assert_eq!(self.host.begin_turn(), self.renter.begin_turn());
        self.host.feed(&tokens, B256::ZERO);
        self.renter.feed(&tokens, B256::ZERO);
    }

    fn sample(&mut self, count: usize) {
        for token in 0..count as u32 {
            self.host.sample(token);
            self.renter.sample(token);
        }
    }

    fn checkpoint(&mut self) -> (Checkpoint, Signature65) {
        let checkpoint = self.host.checkpoint(&[]).expect("no fingerprints");
        let signature = checkpoint.sign(&domain(), &self.host_key);
        (checkpoint, signature)
    }

    fn verify(&mut self, checkpoint: &Checkpoint, signature: &Signature65) -> Result<Voucher, Code> {
        let signer = self.host_key.address();
        self.renter.verify_checkpoint(checkpoint, &[], signature, &domain(), signer).map_err(|error| error.code())
    }

    fn accept(&mut self, voucher: &Voucher) -> Result<(), Code> {
        let signature = voucher.sign(&domain(), &self.voucher_key);
        self.host
            .accept_voucher(voucher, &signature, &domain(), self.voucher_key.address())
            .map_err(|error| error.code())
    }

    /// Checkpoint, voucher, accepted.
    fn pay(&mut self) -> Voucher {
        let (checkpoint, signature) = self.checkpoint();
        let voucher = self.verify(&checkpoint, &signature).expect("both agree");
        self.accept(&voucher).expect("as checkpointed");
        voucher
    }
}

#[test]
fn both_sides_agree_and_the_host_is_paid() {
    let mut pair = Pair::new(config());
    pair.prompt(10);
    pair.sample(64);
    assert_eq!(pair.host.owed(), Amount::from(74u64));
    assert_eq!(pair.host.unpaid(), Amount::from(74u64));
    let voucher = pair.pay();
    assert_eq!(voucher.usage(), Usage::new(10, 64));
    assert_eq!(voucher.head, pair.renter.transcript().head());
    assert_eq!(pair.host.unpaid(), Amount::ZERO);
    assert_eq!(pair.host.accepted().map(|(accepted, _)| accepted), Some(voucher));
}

#[test]
fn checkpoints_are_due_by_sampled_tokens() {
    let mut pair = Pair::new(config());
    pair.prompt(100);
    pair.sample(63);
    assert!(!pair.host.checkpoint_due());
    pair.sample(1);
    assert!(pair.host.checkpoint_due());
    pair.pay();
    assert!(!pair.host.checkpoint_due());
}

#[test]
fn checkpoints_are_due_when_credit_ends_before() {
    let mut pair = Pair::new(config());
    pair.prompt(250);
    pair.sample(6);
    assert_eq!(pair.host.credit(), Credit::AwaitingVoucher);
    assert!(pair.host.checkpoint_due());
    let (checkpoint, signature) = pair.checkpoint();
    assert!(!pair.host.checkpoint_due(), "it is out");
    assert!(!pair.host.may_sample(), "but not paid");
    let voucher = pair.verify(&checkpoint, &signature).expect("both agree");
    pair.accept(&voucher).expect("as checkpointed");
    assert!(pair.host.may_sample());
}

#[test]
fn credit_ends_at_the_window_and_at_the_deposit() {
    let mut pair = Pair::new(config());
    assert_eq!(pair.host.window(), Amount::from(256u64));
    pair.prompt(0);
    pair.sample(255);
    assert_eq!(pair.host.credit(), Credit::Open);
    pair.sample(1);
    assert_eq!(pair.host.credit(), Credit::AwaitingVoucher);
    pair.pay();
    assert_eq!(pair.host.credit(), Credit::Open);

    pair.prompt(9_700);
    assert!(pair.host.needs_voucher_before_prefill());
    pair.pay();
    assert!(!pair.host.needs_voucher_before_prefill());
    // 44 base units are left, less than a window.
    assert_eq!(pair.host.window(), Amount::from(44u64));
    assert!(pair.host.affords(Usage::new(0, 44)) && !pair.host.affords(Usage::new(1, 44)));
    pair.sample(44);
    assert_eq!(pair.host.credit(), Credit::DepositUsedUp);
    assert!(!pair.host.checkpoint_due(), "no voucher opens it again");
    pair.host.deposit_raised(Amount::from(10_001u64));
    assert_eq!(pair.host.credit(), Credit::Open);
    pair.host.deposit_raised(Amount::from(1u64));
    assert_eq!(pair.host.deposit(), Amount::from(10_001u64));
}

#[test]
fn owed_never_exceeds_the_deposit() {
    let mut pair = Pair::new(config());
    pair.prompt(20_000);
    assert_eq!(pair.host.owed(), pair.host.deposit());
    let huge = LedgerConfig { prices: Prices::new(u128::MAX, u128::MAX), ..config() };
    let mut host = HostLedger::new(huge, transcript());
    host.sample(1);
    assert_eq!(host.owed(), host.deposit());
}

#[test]
fn vouchers_must_match_a_checkpoint() {
    let mut pair = Pair::new(config());
    pair.prompt(10);
    pair.sample(64);
    let first = pair.pay();
    pair.sample(64);
    let second = pair.pay();
    pair.sample(64);
    let (checkpoint, signature) = pair.checkpoint();
    let third = pair.verify(&checkpoint, &signature).expect("both agree");

    assert_eq!(pair.accept(&second), Ok(()), "the newest again");
    assert_eq!(pair.accept(&first), Err(Code::VoucherBackwards));
    let forged = Voucher { head: B256::ZERO, ..second.clone() };
    assert_eq!(pair.accept(&forged), Err(Code::WrongHead));
    let forged = Voucher { head: B256::ZERO, ..third.clone() };
    assert_eq!(pair.accept(&forged), Err(Code::WrongHead));
    let between = Voucher { outputTokens: 130, ..third.clone() };
    assert_eq!(pair.accept(&between), Err(Code::WrongHead));
    let more = Voucher { outputTokens: 1_000, ..third.clone() };
    assert_eq!(pair.accept(&more), Err(Code::VoucherAboveDeposit));
    let most = Voucher { inputTokens: u64::MAX, outputTokens: u64::MAX, ..third.clone() };
    assert_eq!(pair.accept(&most), Err(Code::VoucherAboveDeposit));
    let elsewhere = Voucher { sessionId: U256::from(2), ..third.clone() };
    assert_eq!(pair.accept(&elsewhere), Err(Code::UnknownSession));

    let by_host = third.sign(&domain(), &pair.host_key);
    let expected = pair.voucher_key.address();
    let refused = pair.host.accept_voucher(&third, &by_host, &domain(), expected);
    assert_eq!(refused.map_err(|error| error.code()), Err(Code::WrongSigner));

    assert_eq!(pair.host.accepted().map(|(accepted, _)| accepted), Some(second));
    assert_eq!(pair.accept(&third), Ok(()));
}

#[test]
fn a_voucher_may_skip_checkpoints() {
    let mut pair = Pair::new(config());
    pair.prompt(1);
    let mut vouchers = Vec::new();
    for _ in 0..MAX_OUTSTANDING + 2 {
        pair.sample(1);
        let (checkpoint, signature) = pair.checkpoint();
        vouchers.push(pair.verify(&checkpoint, &signature).expect("both agree"));
    }
    assert_eq!(pair.accept(&vouchers[1]), Err(Code::WrongHead), "forgotten");
    assert_eq!(pair.accept(&vouchers[2]), Ok(()), "the oldest remembered");
    assert_eq!(pair.accept(&vouchers[40]), Ok(()));
    assert_eq!(pair.accept(&vouchers[39]), Err(Code::VoucherBackwards));
    assert_eq!(pair.accept(&vouchers[MAX_OUTSTANDING + 1]), Ok(()));
    assert_eq!(pair.host.unpaid(), Amount::ZERO);
}

#[test]
fn an_empty_checkpoint_is_answered_too() {
    let mut pair = Pair::new(config());
    pair.prompt(1);
    let first = pair.pay();
    let second = pair.pay();
    assert_eq!(first.usage(), second.usage());
    assert_ne!(first.head, second.head);
}

#[test]
fn renters_sign_nothing_they_did_not_compute() {
    let mut pair = Pair::new(config());
    pair.prompt(10);
    pair.sample(3);
    let (good, signature) = pair.checkpoint();
    let resigned = |pair: &mut Pair, checkpoint: &Checkpoint| {
        let signature = checkpoint.sign(&domain(), &pair.host_key);
        pair.verify(checkpoint, &signature)
    };
    let overcounted = Checkpoint { outputTokens: 4, ..good.clone() };
    assert_eq!(resigned(&mut pair, &overcounted), Err(Code::WrongHead));
    let other_head = Checkpoint { head: B256::ZERO, ..good.clone() };
    assert_eq!(resigned(&mut pair, &other_head), Err(Code::WrongHead));
    let skipped = Checkpoint { sequence: 2, ..good.clone() };
    assert_eq!(resigned(&mut pair, &skipped), Err(Code::WrongSequence));
    let elsewhere = Checkpoint { sessionId: U256::from(2), ..good.clone() };
    assert_eq!(resigned(&mut pair, &elsewhere), Err(Code::UnknownSession));
    assert_eq!(pair.verify(&overcounted, &signature), Err(Code::WrongSigner));
    assert_eq!(pair.verify(&good, &Signature65::new([0; 65])), Err(Code::BadSignature));

    assert!(pair.verify(&good, &signature).is_ok(), "refusals changed nothing");
    assert_eq!(pair.verify(&good, &signature), Err(Code::WrongSequence), "never twice");
}

#[test]
fn fingerprints_are_part_of_what_is_agreed() {
    let mut pair = Pair::new(config());
    pair.prompt(1);
    pair.sample(40);
    let fingerprints = [B256::repeat_byte(1), B256::repeat_byte(2)];
    let checkpoint = pair.host.checkpoint(&fingerprints).expect("two sampled leaves");
    let signature = checkpoint.sign(&domain(), &pair.host_key);
    assert_eq!(pair.verify(&checkpoint, &signature), Err(Code::WrongHead));
    let signer = pair.host_key.address();
    let mut verify = |given: &[B256]| {
        pair.renter.verify_checkpoint(&checkpoint, given, &signature, &domain(), signer).map_err(|error| error.code())
    };
    assert_eq!(verify(&[B256::ZERO; 3]), Err(Code::InvalidValue));
    assert!(verify(&fingerprints).is_ok());
    assert!(pair.host.checkpoint(&fingerprints).is_err(), "no sampled leaves since");
}

#[test]
fn nothing_beyond_the_deposit_is_signed_for() {
    let small = LedgerConfig { deposit: Amount::from(20u64), ..config() };
    for (tokens, answer) in [(20, Ok(())), (21, Ok(())), (22, Err(Code::VoucherAboveDeposit))] {
        let mut pair = Pair::new(small);
        pair.prompt(0);
        pair.sample(tokens);
        let (checkpoint, signature) = pair.checkpoint();
        assert_eq!(pair.verify(&checkpoint, &signature).map(|_| ()), answer, "{tokens} tokens");
    }
}

#[test]
fn rolling_back_forgets_what_was_not_agreed() {
    let mut pair = Pair::new(config());
    pair.prompt(5);
    pair.sample(20);
    pair.pay();
    let (head, usage) = (pair.renter.transcript().head(), pair.renter.usage());
    for token in [9, 9, 9] {
        pair.renter.sample(token);
    }
    pair.renter.rollback();
    assert_eq!((pair.renter.transcript().head(), pair.renter.usage()), (head, usage));
    assert_eq!(pair.renter.verified().sequence(), 1);
    pair.sample(4);
    pair.pay();
}

proptest! {
    /// Whatever the prices, an honest renter is never locked out before its deposit ends, and the host never serves more
    /// than a window, or one token, on credit.
    #[test]
    fn credit_is_live_and_bounded(
        input in 0..5_000_000u128,
        output in 1..5_000_000u128,
        deposit in 1..2_000u64,
        credit_tokens in 0..40u32,
        checkpoint_tokens in 0..20u32,
        prompts in prop::collection::vec(0..60usize, 1..4),
    ) {
        let prices = Prices::new(input, output);
        let deposit = Amount::from(deposit);
        let mut pair = Pair::new(LedgerConfig { session_id: SESSION, prices, deposit, credit_tokens, checkpoint_tokens });
        for prompt in prompts {
            if !pair.host.affords(Usage::new(prompt as u64, 0)) {
                break;
            }
            pair.prompt(prompt);
            if pair.host.needs_voucher_before_prefill() {
                pair.pay();
            }
            for _ in 0..50 {
                if pair.host.checkpoint_due() {
                    pair.pay();
                }
                match pair.host.credit() {
                    Credit::Open => {}
                    Credit::DepositUsedUp => break,
                    Credit::AwaitingVoucher => prop_assert!(false, "locked out: {:?}", pair.host),
                }
                let paid_up = pair.host.unpaid().is_zero();
                pair.sample(1);
                prop_assert!(pair.host.unpaid() <= pair.host.window() || paid_up);
                prop_assert!(pair.host.affords(Usage::default()), "beyond the deposit");
            }
            pair.pay();
            prop_assert_eq!(pair.host.unpaid(), Amount::ZERO);
        }
    }
}

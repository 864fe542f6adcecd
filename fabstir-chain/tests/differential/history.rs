//! What a history is made of: symbolic steps, so that one can be replayed on a fresh session and shortened.

use fabstir_core::amount::{Amount, Usage};

/// Who signs or sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Renter,
    Host,
    HostSigner,
    VoucherSigner,
    Delegate,
    ProofSystem,
    Stranger,
}

impl Role {
    pub(crate) const ALL: [Self; 7] = [
        Self::Renter,
        Self::Host,
        Self::HostSigner,
        Self::VoucherSigner,
        Self::Delegate,
        Self::ProofSystem,
        Self::Stranger,
    ];
}

/// A signature, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) by: Role,
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Empty,
    Truncated,
    HighS,
    LowV,
    Flipped,
    /// Over another session's id.
    OtherSession,
}

/// Where a deposit is said to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Wallet,
    /// The renter's balance, by an order.
    Balance {
        order: Sign,
        /// Seconds from now.
        deadline: i64,
    },
    /// The allowance, by an order without a permit.
    Permit {
        order: Sign,
        deadline: i64,
    },
}

/// One transaction. Times are seconds from its block's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Open { deposit: Amount, source: Source, quote: Option<(Sign, i64)>, value_off: bool },
    Invalidate,
    Settle { usage: Usage, sign: Sign },
    Complete { usage: Usage, sign: Sign },
    CompleteWithClose { close: Usage, close_sign: Sign, deadline: i64, voucher: Usage, sign: Sign },
    Cancel { usage: Usage, sign: Sign, deadline: i64 },
    Extend { amount: Amount, hours: u16, value_off: bool },
    TopUp { amount: Amount, value_off: bool },
    Timeout,
    Hold { amount: Amount },
    PayHeld { amount: Amount },
    Release { amount: Amount },
    Withdraw,
    WithdrawBalance { amount: Amount },
    SweepFees,
}

impl Action {
    /// What it is called when counted.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Open { source: Source::Wallet, .. } => "open from wallet",
            Self::Open { source: Source::Balance { .. }, .. } => "open from balance",
            Self::Open { source: Source::Permit { .. }, .. } => "open by order",
            Self::Invalidate => "invalidate",
            Self::Settle { .. } => "settle",
            Self::Complete { .. } => "complete",
            Self::CompleteWithClose { .. } => "complete with close",
            Self::Cancel { .. } => "cancel",
            Self::Extend { .. } => "extend",
            Self::TopUp { .. } => "top up",
            Self::Timeout => "time out",
            Self::Hold { .. } => "hold",
            Self::PayHeld { .. } => "pay held",
            Self::Release { .. } => "release",
            Self::Withdraw => "withdraw",
            Self::WithdrawBalance { .. } => "withdraw balance",
            Self::SweepFees => "sweep fees",
        }
    }
}

/// What the market's owner does before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Fee(u16),
    /// In thousandths of the limits deployed with.
    Limits {
        min: u32,
        max: u32,
    },
    Pause(bool),
}

/// One block: the clock, the owner's word, and who does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Seconds since the step before.
    pub(crate) after: u64,
    pub(crate) rule: Option<Rule>,
    /// From here on the history is about a new session.
    pub(crate) renew: bool,
    pub(crate) by: Role,
    pub(crate) action: Action,
}

/// The session a history is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) in_token: bool,
    /// The renter's wallet refuses coin.
    pub(crate) refuses: bool,
    /// Seconds from the history's beginning.
    pub(crate) lasts: i64,
    pub(crate) grace: u32,
    pub(crate) cancel_bps: u16,
    /// Added to the market's fee.
    pub(crate) fee_off: u16,
    pub(crate) proof_cap: u128,
    pub(crate) input_price: u128,
    pub(crate) output_price: u128,
    pub(crate) deposit: Amount,
    /// The renter's balance in the market when it begins.
    pub(crate) balance: Amount,
    /// What the delegate may lock, and for how many seconds.
    pub(crate) delegate: (Amount, u64),
}

/// A session's whole story.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) setting: Setting,
    pub(crate) steps: Vec<Step>,
}

impl History {
    /// Without the step at `index`; the clock of the rest stays as it was.
    pub(crate) fn without(&self, index: usize) -> Self {
        let mut shorter = self.clone();
        let gone = shorter.steps.remove(index);
        if let Some(next) = shorter.steps.get_mut(index) {
            next.after += gone.after;
            next.rule = next.rule.or(gone.rule);
            next.renew |= gone.renew;
        }
        shorter
    }
}

impl std::fmt::Display for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:#?}", self.setting)?;
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "  {index}: {} s later", step.after)?;
            if let Some(rule) = step.rule {
                write!(f, ", {rule:?}")?;
            }
            if step.renew {
                write!(f, ", a new session")?;
            }
            writeln!(f, ", {:?}: {:?}", step.by, step.action)?;
        }
        Ok(())
    }
}

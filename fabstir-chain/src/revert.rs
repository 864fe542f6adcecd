//! Why a contract refused, by name.

use crate::error::cut;
use alloy_primitives::{Bytes, U256, hex};
use alloy_sol_types::{Panic, PanicKind, Revert as ErrorString, SolError, SolInterface};
use core::fmt;
use fabstir_core::abi::{INodeRegistry::INodeRegistryErrors, ISessionMarket::ISessionMarketErrors};
use openzeppelin::OpenZeppelin::OpenZeppelinErrors;

#[allow(missing_docs, reason = "declared by OpenZeppelin, whose documentation they have")]
mod openzeppelin {
    alloy_sol_types::sol! {
        #![sol(all_derives)]

        /// Errors of the token, ownership and cap libraries under our contracts and most tokens.
        interface OpenZeppelin {
            error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
            error ERC20InvalidSender(address sender);
            error ERC20InvalidReceiver(address receiver);
            error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
            error ERC20InvalidApprover(address approver);
            error ERC20InvalidSpender(address spender);
            error ERC2612ExpiredSignature(uint256 deadline);
            error ERC2612InvalidSigner(address signer, address owner);
            error OwnableUnauthorizedAccount(address account);
            error OwnableInvalidOwner(address owner);
            error SafeERC20FailedOperation(address token);
            error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value);
            error ReentrancyGuardReentrantCall();
        }
    }
}

/// Bytes of an unknown error's data that are shown.
const SHOWN_BYTES: usize = 68;

/// A contract's refusal: the error's name and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    name: String,
    fields: String,
    data: Bytes,
}

impl Revert {
    /// Reads a call's revert data: our contracts' errors, OpenZeppelin's, `Error(string)` and `Panic(uint256)`.
    #[must_use]
    pub fn decode(data: Bytes) -> Self {
        let (name, fields) = describe(&data);
        Self { name, fields, data }
    }

    /// A refusal whose data the endpoint did not give, in the endpoint's words.
    pub(crate) fn unexplained(message: &str) -> Self {
        Self { name: "unknown".to_owned(), fields: format!("{{ message: {:?} }}", cut(message)), data: Bytes::new() }
    }

    /// The error's name: `SessionMarket_NotActive`, `Error`, `Panic`; `unknown` for an error that is not ours, `none`
    /// for a revert without data.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The error's fields as text, `{ id: 7, status: Completed }`; empty if there are none.
    #[must_use]
    pub fn fields(&self) -> &str {
        &self.fields
    }

    /// The data as it came, selector first.
    #[must_use]
    pub const fn data(&self) -> &Bytes {
        &self.data
    }

    /// The error itself, if it is `E`.
    #[must_use]
    pub fn as_error<E: SolError>(&self) -> Option<E> {
        E::abi_decode(&self.data).ok()
    }

    /// Whether it is this error.
    #[must_use]
    pub fn is<E: SolError>(&self) -> bool {
        self.data.starts_with(&E::SELECTOR)
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.fields.is_empty() {
            write!(f, " {}", self.fields)?;
        }
        Ok(())
    }
}

fn describe(data: &[u8]) -> (String, String) {
    if data.is_empty() {
        return ("none".to_owned(), String::new());
    }
    if let Ok(error) = ErrorString::abi_decode(data) {
        return ("Error".to_owned(), format!("{{ message: {:?} }}", cut(&error.reason)));
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return ("Panic".to_owned(), format!("{{ code: {}, meaning: {} }}", panic.code, meaning(panic.code)));
    }
    named::<ISessionMarketErrors>(data)
        .or_else(|| named::<INodeRegistryErrors>(data))
        .or_else(|| named::<OpenZeppelinErrors>(data))
        .unwrap_or_else(|| {
            let shown = &data[..data.len().min(SHOWN_BYTES)];
            ("unknown".to_owned(), format!("{{ data: {} }}", hex::encode_prefixed(shown)))
        })
}

/// The derived `Debug` of an interface's error enum is `Name(Name { field: value })` or `Name(Name)`: names and fields
/// come from the interface file and are written nowhere else.
fn named<E: SolInterface + fmt::Debug>(data: &[u8]) -> Option<(String, String)> {
    let text = format!("{:?}", E::abi_decode(data).ok()?);
    let (name, inner) = text.split_once('(')?;
    let fields = inner.strip_suffix(')')?.strip_prefix(name)?.trim_start();
    Some((name.to_owned(), fields.to_owned()))
}

fn meaning(code: U256) -> &'static str {
    u32::try_from(code).ok().and_then(PanicKind::from_number).map_or("unknown", PanicKind::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use fabstir_core::abi::{INodeRegistry, ISessionMarket};

    #[test]
    fn our_errors_are_named_with_their_fields() {
        let error =
            ISessionMarket::SessionMarket_NotActive { id: U256::from(7), status: ISessionMarket::Status::Completed };
        let revert = Revert::decode(error.abi_encode().into());
        assert_eq!(revert.to_string(), "SessionMarket_NotActive { id: 7, status: Completed }");
        assert_eq!(revert.name(), "SessionMarket_NotActive");
        assert!(revert.is::<ISessionMarket::SessionMarket_NotActive>());
        assert_eq!(revert.as_error(), Some(error));

        let error = INodeRegistry::NodeRegistry_StakeTooLow { stake: U256::from(1), min: U256::from(2) };
        assert_eq!(
            Revert::decode(error.abi_encode().into()).to_string(),
            "NodeRegistry_StakeTooLow { stake: 1, min: 2 }"
        );
    }

    #[test]
    fn errors_without_fields_are_named_alone() {
        let revert = Revert::decode(ISessionMarket::SessionMarket_Paused {}.abi_encode().into());
        assert_eq!(revert.to_string(), "SessionMarket_Paused");
    }

    #[test]
    fn the_tokens_errors_strings_and_panics_are_read() {
        let error = openzeppelin::OpenZeppelin::ERC20InsufficientBalance {
            sender: Address::ZERO,
            balance: U256::ZERO,
            needed: U256::from(5),
        };
        assert!(Revert::decode(error.abi_encode().into()).to_string().contains("needed: 5"));
        let text = Revert::decode(ErrorString::from("no \"way\"").abi_encode().into());
        assert_eq!(text.to_string(), r#"Error { message: "no \"way\"" }"#);
        let panic = Revert::decode(Panic { code: U256::from(0x11) }.abi_encode().into());
        assert_eq!(panic.name(), "Panic");
        assert!(panic.fields().contains("flow"), "{panic}");
    }

    #[test]
    fn unknown_truncated_and_huge_data_is_shown_in_part() {
        assert_eq!(Revert::decode(Bytes::new()).to_string(), "none");
        assert_eq!(Revert::decode(Bytes::from_static(&[1, 2])).to_string(), "unknown { data: 0x0102 }");
        let mut cut_short = ISessionMarket::SessionMarket_IdUsed { id: U256::MAX }.abi_encode();
        cut_short.truncate(20);
        assert_eq!(Revert::decode(cut_short.into()).name(), "unknown");
        let flood = Revert::decode(vec![0xee; 1 << 20].into());
        assert!(flood.to_string().len() < 300);
        let words = ErrorString::from("x".repeat(1 << 20)).abi_encode();
        assert!(Revert::decode(words.into()).to_string().len() < 300);
    }
}

//! Prices as hosts write them: `ETH=0.0004/0.0016`.

use crate::{
    error::{CliError, Result},
    market::Market,
    model::ModelFile,
};
use alloy_primitives::{Address, B256};
use fabstir_core::{Code, abi::INodeRegistry::ModelPrice, amount::Price};
use std::str::FromStr;

/// A price as it is written: per million tokens fed and sampled, of every model or of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    model: Option<String>,
    token: String,
    input: String,
    output: String,
}

impl FromStr for Written {
    type Err = CliError;

    fn from_str(text: &str) -> Result<Self> {
        let (subject, rates) = text.split_once('=').ok_or_else(|| refused(text, "there is no ="))?;
        let (input, output) = rates.split_once('/').ok_or_else(|| refused(text, "there is no / between two prices"))?;
        let (model, token) = match subject.split_once('@') {
            Some((model, token)) => (Some(model.trim().to_owned()), token),
            None => (None, subject),
        };
        let token = token.trim().to_owned();
        if token.is_empty() || model.as_deref() == Some("") {
            return Err(refused(text, "a name is missing before the ="));
        }
        Ok(Self { model, token, input: input.trim().into(), output: output.trim().into() })
    }
}

/// What every model costs in every token, from the prices as written. A price of one model goes before a price of all.
///
/// # Errors
///
/// `invalid_value` for a price that cannot be read; `invalid_config` if one is said twice, is of no model given, or a
/// model has none.
pub(crate) async fn resolve(market: &Market, written: &[String], models: &[ModelFile]) -> Result<Vec<ModelPrice>> {
    let (mut of_one, mut of_all) = (Vec::new(), Vec::new());
    for text in written {
        let price: Written = text.parse()?;
        let prices = if price.model.is_some() { &mut of_one } else { &mut of_all };
        for id in meant(&price, models, text)? {
            add(prices, read(market, &price, id, text).await?, text)?;
        }
    }
    for price in of_all {
        if !of_one.iter().any(|one| same_offer(one, &price)) {
            of_one.push(price);
        }
    }
    match models.iter().find(|model| !of_one.iter().any(|price| price.modelId == model.id.hash())) {
        Some(model) => {
            let error = CliError::config(format!("model {} has no price", model.name));
            Err(error.hint("say what a million tokens cost, such as --price ETH=0.0004/0.0016"))
        }
        None => Ok(of_one),
    }
}

/// The models that a price is of.
fn meant(price: &Written, models: &[ModelFile], text: &str) -> Result<Vec<B256>> {
    let is_meant = |model: &&ModelFile| price.model.as_ref().is_none_or(|name| *name == model.name);
    let ids: Vec<B256> = models.iter().filter(is_meant).map(|model| model.id.hash()).collect();
    if ids.is_empty() {
        let names: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
        return Err(CliError::config(format!("price {text:?} is of no model given: {}", names.join(", "))));
    }
    Ok(ids)
}

async fn read(market: &Market, price: &Written, model: B256, text: &str) -> Result<ModelPrice> {
    let units = market.resolve(&price.token).await?;
    let read = |part: &str| Price::parse_units(part, units.decimals).map_err(|error| refused(text, &error.to_string()));
    let (input, output) = (read(&price.input)?, read(&price.output)?);
    if output.get() == 0 {
        return Err(refused(text, "the output price must be above zero"));
    }
    Ok(ModelPrice { modelId: model, token: units.token, inputPrice: input.get(), outputPrice: output.get() })
}

fn same_offer(one: &ModelPrice, other: &ModelPrice) -> bool {
    (one.modelId, one.token) == (other.modelId, other.token)
}

fn add(prices: &mut Vec<ModelPrice>, price: ModelPrice, text: &str) -> Result {
    if prices.iter().any(|other| same_offer(other, &price)) {
        return Err(CliError::config(format!("price {text:?}: this model has a price in this token already")));
    }
    prices.push(price);
    Ok(())
}

/// The offers that differ: those to set, and those to withdraw.
pub(crate) fn changes(current: &[ModelPrice], wanted: &[ModelPrice]) -> (Vec<ModelPrice>, Vec<(B256, Address)>) {
    let set = wanted.iter().filter(|price| !current.contains(price)).cloned().collect();
    let stale = current.iter().filter(|old| !wanted.iter().any(|new| same_offer(old, new)));
    (set, stale.map(|old| (old.modelId, old.token)).collect())
}

fn refused(text: &str, reason: &str) -> CliError {
    CliError::new(Code::InvalidValue, format!("price {text:?}: {reason}"))
        .hint("write TOKEN=INPUT/OUTPUT, what a million tokens cost, such as ETH=0.0004/0.0016")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_they_are_written() {
        let price: Written = "ETH=0.0004/0.0016".parse().expect("price");
        assert_eq!((price.model, price.token.as_str()), (None, "ETH"));
        assert_eq!((price.input.as_str(), price.output.as_str()), ("0.0004", "0.0016"));
        let price: Written = "tiny-v1@USD = 1 / 4".parse().expect("price");
        assert_eq!(
            (price.model.as_deref(), price.token.as_str(), price.output.as_str()),
            (Some("tiny-v1"), "USD", "4")
        );
    }

    #[test]
    fn what_is_no_price_is_refused_with_an_example() {
        for text in ["", "ETH", "ETH=1", "=1/2", "@ETH=1/2", "tiny@=1/2", "1/2"] {
            let error = text.parse::<Written>().expect_err(text);
            assert_eq!(error.code_name(), "invalid_value");
            assert!(error.advice().is_some_and(|advice| advice.contains("ETH=0.0004/0.0016")));
        }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let price = |model: u8, token: u8, output: u128| ModelPrice {
            modelId: B256::repeat_byte(model),
            token: Address::repeat_byte(token),
            inputPrice: 1,
            outputPrice: output,
        };
        let current = [price(1, 1, 5), price(1, 2, 5), price(2, 1, 5)];
        let wanted = [price(1, 1, 5), price(1, 2, 6), price(3, 1, 5)];
        let (set, stale) = changes(&current, &wanted);
        assert_eq!(set, vec![price(1, 2, 6), price(3, 1, 5)]);
        assert_eq!(stale, vec![(B256::repeat_byte(2), Address::repeat_byte(1))]);
    }
}

//! Playing histories: a block a step, and after each everything compared.

use crate::{
    cast::Cast,
    generate,
    history::{History, Role, Rule, Step},
    model::{Books, Model},
    node::{Request, decode, number, view},
    stage::{Lane, Stage},
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolInterface};
use fabstir_core::{
    abi::{
        IFabToken,
        ISessionMarket::{self, SessionDetails, SessionMetrics, Status},
    },
    amount::Amount,
    session::{self, Market},
};
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where core and contract differ.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) lane: usize,
    pub(crate) what: String,
}

/// How often each kind of step succeeded and was refused.
#[derive(Debug, Default)]
pub(crate) struct Tally(pub(crate) BTreeMap<&'static str, [u64; 2]>);

impl Tally {
    fn count(&mut self, lane: &Lane, succeeded: bool) {
        let Some(step) = lane.history.steps.last() else { return };
        self.0.entry(step.action.kind()).or_default()[usize::from(!succeeded)] += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (kind, counts) in &other.0 {
            let sum = self.0.entry(kind).or_default();
            *sum = [sum[0] + counts[0], sum[1] + counts[1]];
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(kind, [succeeded, refused])| {
            writeln!(f, "{kind:>20}: {succeeded:>7} succeeded, {refused:>7} refused")
        })
    }
}

/// What the owner has set.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) fee_bps: u16,
    /// Smallest and largest deposit, in coin and in the token.
    pub(crate) limits: [(Amount, Amount); 2],
    pub(crate) paused: bool,
    pub(crate) proof_system: Address,
}

impl Rules {
    pub(crate) fn of(&self, token: Address) -> Market {
        let (min_deposit, max_deposit) = self.limits[usize::from(!token.is_zero())];
        let Self { fee_bps, paused, proof_system, .. } = *self;
        Market { fee_bps, paused, min_deposit, max_deposit, proof_system }
    }

    fn set(&mut self, rule: Rule, deployed: &Self) {
        let part = |of: Amount, thousandths: u32| Amount::from(of.get() * U256::from(thousandths) / U256::from(1_000));
        match rule {
            Rule::Fee(bps) => self.fee_bps = bps,
            Rule::Pause(on) => self.paused = on,
            Rule::Limits { min, max } => {
                self.limits = deployed.limits.map(|(least, most)| {
                    let most = part(most, max);
                    (part(least, min).min(most), most)
                });
            }
        }
    }

    /// The owner's calls that make it so.
    fn calls(&self, tokens: [Address; 2]) -> Vec<Vec<u8>> {
        let mut calls = vec![
            ISessionMarket::setFeeCall { feeBps: self.fee_bps }.abi_encode(),
            if self.paused {
                ISessionMarket::pauseCall {}.abi_encode()
            } else {
                ISessionMarket::unpauseCall {}.abi_encode()
            },
        ];
        for (token, (min, max)) in tokens.into_iter().zip(self.limits) {
            let (min, max) = (min.to_u96().expect("limit"), max.to_u96().expect("limit"));
            calls.push(ISessionMarket::setTokenLimitsCall { token, minDeposit: min, maxDeposit: max }.abi_encode());
        }
        calls
    }
}

/// What the chain says of one history.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) books: Books,
    details: SessionDetails,
    /// Of sessions that were opened.
    metrics: Option<SessionMetrics>,
}

impl Seen {
    pub(crate) fn requests(market: Address, cast: &Cast, model: &Model) -> Vec<Request> {
        let (token, id) = (model.terms.token, model.id());
        let (renter, host, delegate) =
            (cast.address(Role::Renter), cast.address(Role::Host), cast.address(Role::Delegate));
        let held = |account| match token.is_zero() {
            true => ("eth_getBalance", json!([account, "latest"])),
            false => view(token, &IFabToken::balanceOfCall { account }),
        };
        vec![
            held(renter),
            held(cast.purse()),
            view(market, &ISessionMarket::earningsOfCall { account: host, token }),
            view(market, &ISessionMarket::earningsOfCall { account: renter, token }),
            view(market, &ISessionMarket::balanceOfCall { renter, token }),
            view(market, &ISessionMarket::delegateOfCall { renter, delegate, token }),
            view(market, &ISessionMarket::getSessionDetailsCall { id }),
            view(market, &ISessionMarket::getSessionMetricsCall { terms: model.terms.clone() }),
        ]
    }

    pub(crate) fn read(model: &Model, answers: &[Value]) -> Self {
        let (host, renter) = (
            decode::<ISessionMarket::earningsOfCall>(&answers[2]),
            decode::<ISessionMarket::earningsOfCall>(&answers[3]),
        );
        assert!(renter.fee.is_zero(), "a refund has no fee in it");
        let books = Books {
            wallet: number(&answers[0]),
            purse: number(&answers[1]),
            host: host.net,
            fee: host.fee,
            bounced: renter.net,
            balance: decode::<ISessionMarket::balanceOfCall>(&answers[4]),
            delegate_cap: U256::from(decode::<ISessionMarket::delegateOfCall>(&answers[5]).cap),
            // Seen for all histories together only.
            held_by_market: model.books.held_by_market,
        };
        let metrics = was_opened(model).then(|| decode::<ISessionMarket::getSessionMetricsCall>(&answers[7]));
        Self { books, details: decode::<ISessionMarket::getSessionDetailsCall>(&answers[6]), metrics }
    }

    fn expected(model: &Model) -> Self {
        let details = match &model.session {
            Some(session) => session.details().expect("fits"),
            None => SessionDetails {
                status: Status::None,
                deposit: Default::default(),
                settled: Default::default(),
                closingAt: Default::default(),
                extensionHours: 0,
                fromBalance: false,
                held: Default::default(),
            },
        };
        let metrics = model.session.as_ref().filter(|_| was_opened(model)).map(|session| session.metrics(model.id()));
        Self { books: model.books.clone(), details, metrics }
    }
}

fn was_opened(model: &Model) -> bool {
    model.session.as_ref().is_some_and(|session| session.status() != session::Status::Invalidated)
}

impl Stage {
    pub(crate) async fn reset_rules(&mut self) {
        self.rules = self.deployed;
        self.enforce().await;
    }

    async fn enforce(&mut self) {
        let (owner, market) = (self.owner, self.market());
        let calls = self.rules.calls([Address::ZERO, self.token]);
        let requests = calls.into_iter().map(|call| self.send(owner, market, U256::ZERO, call)).collect();
        self.must(requests).await;
    }

    /// Plays new random histories side by side.
    pub(crate) async fn improvise(
        &mut self,
        rng: &mut StdRng,
        lanes: usize,
        steps: usize,
    ) -> Result<(), (Difference, History)> {
        let [coin, token] = self.deployed.limits;
        let settings = (0..lanes).map(|_| generate::setting(rng, coin, token)).collect();
        let mut lanes = self.begin(settings).await;
        let baseline = self.in_market(&lanes).await;
        let mut now = self.node.timestamp().await;
        for _ in 0..steps {
            let after = generate::pause(rng, lanes.iter().map(|lane| &lane.model), now);
            let rule = generate::rule(rng).filter(|_| after > 10);
            now += after;
            for lane in &mut lanes {
                let (renew, by, action) = generate::step(rng, &lane.history.setting, &lane.model, now);
                lane.history.steps.push(Step { after, rule, renew, by, action });
            }
            if let Err(difference) = self.step(&mut lanes, now, baseline).await {
                let history = lanes.swap_remove(difference.lane).history;
                return Err((difference, history));
            }
        }
        Ok(())
    }

    /// Plays one recorded history from its beginning.
    pub(crate) async fn replay(&mut self, history: &History) -> Result<(), Difference> {
        let mut lanes = self.begin(vec![history.setting.clone()]).await;
        let baseline = self.in_market(&lanes).await;
        let mut now = self.node.timestamp().await;
        for step in &history.steps {
            now += step.after;
            lanes[0].history.steps.push(step.clone());
            self.step(&mut lanes, now, baseline).await?;
        }
        Ok(())
    }

    /// Plays each lane's last step in one block and compares everything.
    async fn step(&mut self, lanes: &mut [Lane], now: u64, baseline: [U256; 2]) -> Result<(), Difference> {
        if let Some(rule) = lanes[0].history.steps.last().and_then(|step| step.rule) {
            let deployed = self.deployed;
            self.rules.set(rule, &deployed);
            self.enforce().await;
        }
        let (rules, market) = (self.rules, self.market());
        let mut requests = Vec::new();
        let mut expected = Vec::new();
        for lane in lanes.iter_mut() {
            let step = lane.history.steps.last().expect("a step");
            lane.model.market = rules.of(lane.model.terms.token);
            if step.renew {
                self.salt += 1;
                let (setting, salt) = (&lane.history.setting, U256::from(self.salt));
                lane.model.terms = lane.cast.terms(setting, self.token, rules.fee_bps, now, salt);
                lane.model.session = None;
            }
            let sent = lane.cast.send(step.by, &step.action, &lane.model.terms, now);
            requests.push(self.send(sent.from, market, sent.value, sent.call.abi_encode()));
            expected.push(lane.model.apply(&sent, now));
        }
        let hashes = self.node.batch(&requests).await;
        let succeeded = self.node.mine(now, &hashes).await;
        for (lane, (expected, succeeded)) in expected.iter().zip(&succeeded).enumerate() {
            self.tally.count(&lanes[lane], *succeeded);
            if expected.is_ok() != *succeeded {
                let contract = match succeeded {
                    true => "it succeeded".to_owned(),
                    false => self.node.reason(&hashes[lane]).await,
                };
                return Err(Difference { lane, what: format!("core: {expected:?}; contract: {contract}") });
            }
        }
        self.compare(lanes).await?;
        self.conserve(lanes, baseline).await
    }

    async fn compare(&self, lanes: &[Lane]) -> Result<(), Difference> {
        let mut requests = Vec::new();
        for lane in lanes {
            requests.extend(Seen::requests(self.market(), &lane.cast, &lane.model));
        }
        let answers = self.node.batch(&requests).await;
        for (index, (lane, answers)) in lanes.iter().zip(answers.chunks(requests.len() / lanes.len())).enumerate() {
            let (expected, seen) = (Seen::expected(&lane.model), Seen::read(&lane.model, answers));
            if expected != seen {
                return Err(Difference { lane: index, what: format!("core: {expected:#?}\ncontract: {seen:#?}") });
            }
        }
        Ok(())
    }

    /// The market holds what it got and did not pay, and nothing else.
    async fn conserve(&self, lanes: &[Lane], baseline: [U256; 2]) -> Result<(), Difference> {
        let held = self.in_market(lanes).await;
        if held == baseline {
            Ok(())
        } else {
            let what = format!("the market holds {held:?} beyond the histories' books, {baseline:?} when they began");
            Err(Difference { lane: 0, what })
        }
    }

    /// Coin and tokens in the market that are in none of the books.
    async fn in_market(&self, lanes: &[Lane]) -> [U256; 2] {
        let account = self.market();
        let requests =
            [("eth_getBalance", json!([account, "latest"])), view(self.token, &IFabToken::balanceOfCall { account })];
        let answers = self.node.batch(&requests).await;
        let mut held = [number(&answers[0]), number(&answers[1])];
        for lane in lanes {
            let of = &mut held[usize::from(!lane.model.terms.token.is_zero())];
            *of = of.wrapping_sub(lane.model.books.held_by_market);
        }
        held
    }

    /// The shortest history found that still differs.
    pub(crate) async fn shorten(&mut self, history: History, difference: Difference) -> (History, String) {
        let (mut shortest, mut what) = (history, difference.what);
        let mut index = shortest.steps.len();
        while index > 0 {
            index -= 1;
            let candidate = shortest.without(index);
            if let Err(difference) = self.replay(&candidate).await {
                (shortest, what) = (candidate, difference.what);
            }
        }
        (shortest, what)
    }
}

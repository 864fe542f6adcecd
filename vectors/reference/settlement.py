"""settlement.json: what is owed, what is paid, who gets which part. Integers only, every division rounds down.

gross = floor((input * input_price + output * output_price) / 1e6)      paid = min(gross, deposit)
fee   = floor(paid * fee_bps / 10000), credited as the difference of the cumulative floors
"""

from .hashing import U64_MAX, U96_MAX, U128_MAX, U256_MAX, Draw, columns

TOKENS_PER_PRICE = 1_000_000
BPS = 10_000
FEE_CAP_BPS = 3_000
CANCEL_CAP_BPS = 500

USDC_6C = 60_000  # 0.06 USDC (6 decimals) per million tokens
ETH_TINY = 20_000_000_000  # 2e-8 ETH (18 decimals) per million tokens
ONE_ETH = 10**18
ONE_USDC = 10**6


def gross_down(input_tokens: int, output_tokens: int, input_price: int, output_price: int) -> int:
    """Owed for cumulative counts, in base units."""
    product = input_tokens * input_price + output_tokens * output_price
    if product > U256_MAX:
        raise OverflowError("u64 counts times u128 prices stay below 2**193")
    return product // TOKENS_PER_PRICE


def fee_down(paid: int, fee_bps: int) -> int:
    """The market's part of a cumulative amount."""
    return paid * fee_bps // BPS


def split(settled_before: int, settled_after: int, fee_bps: int) -> tuple[int, int]:
    """What one settlement credits: (host, fee)."""
    fee = fee_down(settled_after, fee_bps) - fee_down(settled_before, fee_bps)
    return settled_after - settled_before - fee, fee


def _counts_and_prices() -> list[tuple[str, int, int, int, int]]:
    listed = [
        ("nothing", 0, 0, USDC_6C, USDC_6C),
        ("free input", 1_000_000, 0, 0, USDC_6C),
        ("input is free, output is not", 1_000_000, 7, 0, 5_000_000),
        ("one token below one base unit", 1, 0, 1, 1),
        ("999,999 base units per million rounds to nothing", 0, 1, USDC_6C, 999_999),
        ("exactly one base unit", 0, 1, 0, 1_000_000),
        ("one base unit and a bit", 0, 1, 0, 1_000_001),
        ("one base unit less a bit in two", 1, 1, 999_999, 999_999),
        ("parts that are whole only together", 1, 1, 400_000, 600_000),
        ("0.06 USDC per million: 16 tokens are nothing", 0, 16, USDC_6C, USDC_6C),
        ("0.06 USDC per million: the 17th is the first base unit", 0, 17, USDC_6C, USDC_6C),
        ("0.06 USDC per million: 16 tokens, the sum over both counts", 16, 1, USDC_6C, USDC_6C),
        ("0.06 USDC per million: a chat", 1_234, 567, USDC_6C, USDC_6C * 4),
        ("0.06 USDC per million: a million", 1_000_000, 0, USDC_6C, USDC_6C),
        ("0.06 USDC per million: a million less one", 999_999, 0, USDC_6C, USDC_6C),
        ("dust price, much output", 0, U64_MAX, 0, 1),
        ("dust price, 999,999 tokens", 0, 999_999, 0, 1),
        ("dust price, a million tokens", 0, 1_000_000, 0, 1),
        ("a coin price", 2_000, 800, ETH_TINY, ETH_TINY * 3),
        ("one ETH per million", 123_456, 654_321, ONE_ETH, ONE_ETH),
        ("counts beyond 2**53", 2**53 + 1, 2**53 + 1, 3, 7),
        ("counts at their largest, one base unit a token", U64_MAX, U64_MAX, 10**6, 10**6),
        ("prices at their largest, one token", 1, 1, U128_MAX, U128_MAX),
        ("everything at its largest", U64_MAX, U64_MAX, U128_MAX, U128_MAX),
        ("largest input only", U64_MAX, 0, U128_MAX, 0),
        ("largest output only", 0, U64_MAX, 0, U128_MAX),
        ("one below 2**96", 0, 1_000_000, 0, U96_MAX),
        ("exactly 2**96", 0, 1_000_000, 0, U96_MAX + 1),
        ("one below 2**128", 0, 1_000_000, 0, U128_MAX),
    ]
    draw = Draw("fabstir/vectors/settlement/gross")
    for number in range(43):
        price_bits = draw.pick([8, 24, 40, 64, 96, 128])
        listed.append(
            (f"drawn {number}", draw.bits(64), draw.bits(64), draw.below(1 << price_bits), draw.below(1 << price_bits))
        )
    for number in range(28):
        listed.append(
            (f"a drawn chat {number}", draw.below(200_000), draw.below(50_000), draw.below(10**7), draw.below(10**8))
        )
    return listed


def _gross() -> list[dict]:
    return [
        {
            "name": name,
            "input_tokens": str(fed),
            "output_tokens": str(sampled),
            "input_price": str(fed_price),
            "output_price": str(sampled_price),
            "gross": str(gross_down(fed, sampled, fed_price, sampled_price)),
        }
        for name, fed, sampled, fed_price, sampled_price in _counts_and_prices()
    ]


def _payable() -> list[dict]:
    draw = Draw("fabstir/vectors/settlement/payable")
    rows = []
    for name, fed, sampled, fed_price, sampled_price in _counts_and_prices():
        gross = gross_down(fed, sampled, fed_price, sampled_price)
        near = min(gross, U96_MAX)
        deposits = {0, U96_MAX} if name.startswith("everything") else {draw.bits(96)}
        deposits |= {near, max(near - 1, 0), min(near + 1, U96_MAX)} if not name.startswith("drawn") else set()
        for deposit in sorted(deposits):
            paid = min(gross, deposit)
            rows.append(
                {
                    "name": f"{name}, deposit {deposit}",
                    "input_tokens": str(fed),
                    "output_tokens": str(sampled),
                    "input_price": str(fed_price),
                    "output_price": str(sampled_price),
                    "deposit": str(deposit),
                    "gross": str(gross),
                    "paid": str(paid),
                }
            )
    return rows


def _fees() -> list[dict]:
    draw = Draw("fabstir/vectors/settlement/fee")
    pairs = [(0, 1_500), (1, 1_500), (6, 1_500), (7, 1_500), (19, 1_500), (20, 1_500), (10_000, 1), (9_999, 1)]
    pairs += [(ONE_USDC, 0), (ONE_USDC, FEE_CAP_BPS), (U96_MAX, 0), (U96_MAX, 1), (U96_MAX, 1_500)]
    pairs += [(U96_MAX, FEE_CAP_BPS), (3, 3_333), (1, BPS)]
    pairs += [(draw.bits(96), draw.between(0, FEE_CAP_BPS)) for _ in range(24)]
    return [{"paid": str(paid), "fee_bps": str(bps), "fee": str(fee_down(paid, bps))} for paid, bps in pairs]


def _steps(draw: Draw, count: int, fed: int, sampled: int) -> list[tuple[int, int]]:
    """Cumulative counts that only grow."""
    counts, total = [], (0, 0)
    for _ in range(count):
        total = (total[0] + draw.below(fed + 1), total[1] + draw.below(sampled + 1))
        counts.append(total)
    return counts


def _increments() -> list[dict]:
    draw = Draw("fabstir/vectors/settlement/increments")
    micro = [(0, n) for n in range(1, 41)]
    histories = [
        ("every base unit alone at 15 %", (0, 10**6), 1_000, 1_500, micro),
        ("every other settlement skipped: the same totals", (0, 10**6), 1_000, 1_500, micro[1::2]),
        ("the last settlement alone: the same totals", (0, 10**6), 1_000, 1_500, micro[-1:]),
        ("0.06 USDC per million, a turn at a time", (USDC_6C, USDC_6C), ONE_USDC, 1_500, _steps(draw, 12, 400, 200)),
        ("USDC, 64 tokens at a time", (150_000, 600_000), 800_000, 1_500, [(300, 64 * n) for n in range(1, 13)]),
        ("the deposit ends", (ETH_TINY, ETH_TINY * 4), 200_000_000_000_000, 1_500, _steps(draw, 9, 10**9, 10**9)),
        ("fee at its cap", (ONE_ETH, ONE_ETH), 1_000 * ONE_ETH, FEE_CAP_BPS, _steps(draw, 8, 10**8, 10**8)),
        ("no fee", (7, 11), U96_MAX, 0, _steps(draw, 6, 10**12, 10**12)),
        ("a fee of one basis point", (7, 11), U96_MAX, 1, _steps(draw, 6, 10**12, 10**12)),
        ("the largest of everything", (U128_MAX, U128_MAX), U96_MAX, 1_500, [(0, 1), (1, 1), (U64_MAX, U64_MAX)]),
        ("the same voucher twice", (10**6, 10**6), 10**9, 1_500, [(10, 10), (10, 10), (11, 10)]),
    ]
    rows = []
    for history, (name, prices, deposit, fee_bps, counts) in enumerate(histories):
        settled = hosts = fees = 0
        for fed, sampled in counts:
            paid = min(gross_down(fed, sampled, *prices), deposit)
            host, fee = split(settled, paid, fee_bps)
            rows.append(
                {
                    "name": name,
                    "history": str(history),
                    "input_tokens": str(fed),
                    "output_tokens": str(sampled),
                    "input_price": str(prices[0]),
                    "output_price": str(prices[1]),
                    "deposit": str(deposit),
                    "fee_bps": str(fee_bps),
                    "settled_before": str(settled),
                    "settled_after": str(paid),
                    "host": str(host),
                    "fee": str(fee),
                }
            )
            settled, hosts, fees = paid, hosts + host, fees + fee
        if fees != fee_down(settled, fee_bps) or hosts + fees != settled:
            raise AssertionError(f"{name}: the increments do not add up")
    return rows


def _cancellations() -> list[dict]:
    """The fee of a renter that left alone before expiry, as a timeout pays it."""
    draw = Draw("fabstir/vectors/settlement/cancellation")
    cases = [
        ("no fee agreed", 1_000_000, 500_000, 0, 1_500),
        ("exactly a tenth settled", 1_000_000, 100_000, 500, 1_500),
        ("one base unit below a tenth", 1_000_000, 99_999, 500, 1_500),
        ("a tenth of a deposit that ten does not divide, below", 1_000_009, 100_000, 500, 1_500),
        ("a tenth of a deposit that ten does not divide, above", 1_000_009, 100_001, 500, 1_500),
        ("nothing settled", 1_000_000, 0, 500, 1_500),
        ("everything settled", 1_000_000, 1_000_000, 500, 1_500),
        ("one base unit unspent: the fee rounds to nothing", 1_000_000, 999_999, 500, 1_500),
        ("nineteen unspent: nothing", 1_000_000, 999_981, 500, 1_500),
        ("twenty unspent: one", 1_000_000, 999_980, 500, 1_500),
        ("one basis point", 1_000_000, 200_000, 1, 1_500),
        ("no market fee", 1_000_000, 200_000, 500, 0),
        ("market fee at its cap", 1_000_000, 200_000, 500, FEE_CAP_BPS),
        ("the largest deposit", U96_MAX, U96_MAX // 10 + 1, 500, 1_500),
        ("the largest deposit, below a tenth", U96_MAX, U96_MAX // 10, 500, 1_500),
    ]
    for number in range(20):
        deposit = draw.bits(96)
        cases.append(
            (f"drawn {number}", deposit, draw.below(deposit + 1), draw.between(0, CANCEL_CAP_BPS), draw.below(3_001))
        )
    rows = []
    for name, deposit, settled, cancel_bps, fee_bps in cases:
        unspent = deposit - settled
        agreed = unspent * cancel_bps // BPS
        due = settled * 10 >= deposit
        paid = agreed if due else 0
        host, fee = split(settled, settled + paid, fee_bps)
        rows.append(
            {
                "name": name,
                "deposit": str(deposit),
                "settled": str(settled),
                "unspent": str(unspent),
                "cancel_bps": str(cancel_bps),
                "fee_bps": str(fee_bps),
                "agreed": str(agreed),
                "due": due,
                "paid": str(paid),
                "host": str(host),
                "fee": str(fee),
                "refund": str(unspent - paid),
            }
        )
    return rows


def build() -> dict:
    """The file's content."""
    return {
        "gross": columns(_gross()),
        "payable": columns(_payable()),
        "fee": columns(_fees()),
        "increments": columns(_increments()),
        "cancellation": columns(_cancellations()),
    }

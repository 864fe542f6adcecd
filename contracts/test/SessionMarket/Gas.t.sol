// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice An ERC-20 of 6 decimals that is nothing else: what others cost beyond it is their own.
contract PlainToken is ERC20("Plain Dollar", "USD") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

/// @notice What mined transactions cost, against their limits, and recorded in `snapshots/SessionMarket.json`.
/// @dev Each call is a transaction of its own (isolation), so storage and accounts are cold and the figure holds the
/// 21,000 base and the calldata. Accounts and balances are in use already, as in the long run. The price floor of calldata
/// (EIP-7623) is applied too, whatever the EVM version.
contract SessionMarketGasTest is SessionMarketTest {
    uint256 internal constant NONE = type(uint256).max; // no limit was set for this call

    PlainToken internal usd;

    function setUp() public override {
        super.setUp();
        usd = new PlainToken();
        introduce(address(usd));
        settleInto(COIN, 1);
        settleInto(address(usd), 1);
        vm.startPrank(renter);
        market.deposit{value: 1 ether}(COIN, 1 ether);
        market.deposit(address(usd), 1e6);
        vm.stopPrank();
        usd.mint(host, 1);
        usd.mint(treasury, 1);
        vm.deal(treasury, 1);
    }

    /* THE COMMON LIFE */

    /// forge-config: default.isolate = true
    function test_Coin() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 opened = measure(
            "open, coin", 75_000, renter, 1 ether, abi.encodeCall(market.createSessionJob, (t, 1 ether, noQuote()))
        );
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10_000, 20_000);
        measure("settle, coin", 50_000, host, 0, abi.encodeCall(market.settle, (t, v)));
        v = voucherFor(t, 100_000, 200_000);
        uint256 completed =
            measure("complete with a voucher, coin", 65_000, host, 0, abi.encodeCall(market.completeSession, (t, v)));
        total("whole conversation, coin", 140_000, opened + completed);
        measure("withdraw, coin", 40_000, host, 0, abi.encodeCall(market.withdraw, (COIN, host)));
        measure("sweep one host's fees, coin", NONE, stranger, 0, abi.encodeCall(market.sweepFees, (one(host), COIN)));
    }

    /// forge-config: default.isolate = true
    function test_Token() external {
        ISessionMarket.Terms memory t = termsIn(address(usd));
        uint256 opened = measure(
            "open, token", 95_000, renter, 0, abi.encodeCall(market.createSessionJob, (t, TOKEN_DEPOSIT, noQuote()))
        );
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10_000, 20_000);
        measure("settle, token", 50_000, host, 0, abi.encodeCall(market.settle, (t, v)));
        v = voucherFor(t, 100_000, 200_000);
        uint256 completed =
            measure("complete with a voucher, token", 72_000, host, 0, abi.encodeCall(market.completeSession, (t, v)));
        total("whole conversation, token", 165_000, opened + completed);
        // The slot keeps the fee: nothing is cleared, so nothing is given back, and 45,000 is out of reach.
        measure("withdraw, token", 46_000, host, 0, abi.encodeCall(market.withdraw, (address(usd), host)));
        settleInto(address(usd), 2);
        market.sweepFees(one(host), address(usd));
        measure("withdraw what is swept, token", 45_000, host, 0, abi.encodeCall(market.withdraw, (address(usd), host)));
    }

    /// forge-config: default.isolate = true
    function test_TenSettledInOneCall() external {
        ISessionMarket.Settlement[] memory items = new ISessionMarket.Settlement[](10);
        for (uint256 i; i < 10; ++i) {
            ISessionMarket.Terms memory t = termsIn(address(usd));
            t.salt = uint256(keccak256(abi.encode(i)));
            open(t);
            items[i] = ISessionMarket.Settlement(t, voucherFor(t, 10_000, 20_000));
        }
        measure("settle ten at once", 240_000, host, 0, abi.encodeCall(market.settleBatch, (items)));
    }

    /// forge-config: default.isolate = true
    function test_TimeOut() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.warp(t.expiresAt + t.grace);
        measure("time out, coin", 50_000, stranger, 0, abi.encodeCall(market.triggerSessionTimeout, (t)));
        t = termsIn(address(usd));
        open(t);
        vm.warp(t.expiresAt + t.grace);
        measure("time out, token", 50_000, stranger, 0, abi.encodeCall(market.triggerSessionTimeout, (t)));
    }

    /* OTHER WAYS TO OPEN */

    /// forge-config: default.isolate = true
    function test_OpenFromBalance() external {
        vm.startPrank(renter);
        market.deposit(address(usd), 500e6);
        market.authorizeDelegate(delegate, address(usd), 500e6, type(uint64).max);
        vm.stopPrank();
        ISessionMarket.Terms memory t = termsIn(address(usd));
        ISessionMarket.Authorization memory a;
        a.deadline = uint64(timestamp());
        a.orderSignature = sign(renterKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        openFor("open from balance, by the renter's order", t, a);
        t.salt = uint256(keccak256("another salt"));
        a.orderSignature = sign(delegateKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        openFor("open from balance, by a delegate's order", t, a);
    }

    /// forge-config: default.isolate = true
    function test_OpenWithQuote() external {
        ISessionMarket.Terms memory t = coinTerms();
        bytes memory data = abi.encodeCall(market.createSessionJob, (t, 1 ether, quoteFor(t)));
        measure("open with a quote, coin", NONE, renter, 1 ether, data);
    }

    /* THE REST */

    /// forge-config: default.isolate = true
    function test_EndingsAndChanges() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        measure("top up, coin", NONE, stranger, 1 ether, abi.encodeCall(market.topUp, (t, 1 ether)));
        measure("extend, coin", NONE, renter, 1 ether, abi.encodeCall(market.extendSession, (t, 1 ether, 1)));
        measure("cancel", NONE, renter, 0, abi.encodeCall(market.cancelSession, (t, requestAt(1000, 1000))));
        ISessionMarket.SignedClose memory c = closeFor(t, 2000, 2000);
        measure(
            "complete with a close, coin",
            NONE,
            renter,
            0,
            abi.encodeCall(market.completeSessionWithClose, (t, noVoucher(), c))
        );
    }

    /// forge-config: default.isolate = true
    function test_Balances() external {
        usd.mint(stranger, 100e6);
        vm.prank(stranger);
        usd.approve(address(market), type(uint256).max);
        bytes memory data = abi.encodeCall(market.deposit, (address(usd), 10e6));
        measure("deposit to an empty balance, token", NONE, stranger, 0, data);
        measure("deposit, token", NONE, renter, 0, data);
        data = abi.encodeCall(market.withdrawBalance, (address(usd), 5e6, renter));
        measure("withdraw from balance, token", NONE, renter, 0, data);
    }

    /// forge-config: default.isolate = true
    function test_Holds() external {
        ISessionMarket.Terms memory t = termsIn(address(usd));
        t.proofCap = 30e6;
        open(t);
        measure("hold", NONE, prover, 0, abi.encodeCall(market.hold, (t, 20e6)));
        measure("pay held", NONE, prover, 0, abi.encodeCall(market.payHeld, (t, 5e6)));
        measure("release", NONE, prover, 0, abi.encodeCall(market.release, (t, 5e6)));
    }

    /* MEASURING */

    function openFor(string memory name, ISessionMarket.Terms memory t, ISessionMarket.Authorization memory a) private {
        measure(name, NONE, stranger, 0, abi.encodeCall(market.createSessionJobFor, (t, TOKEN_DEPOSIT, a)));
    }

    function measure(string memory name, uint256 limit, address from, uint256 value, bytes memory data)
        private
        returns (uint256 used)
    {
        vm.prank(from, from);
        (bool ok,) = address(market).call{value: value}(data);
        assertTrue(ok, name);
        used = vm.lastCallGas().gasTotalUsed;
        uint256 tokens;
        for (uint256 i; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        assertGt(used, 21_000 + 4 * tokens, "isolation is off: base and calldata are missing");
        if (used < 21_000 + 10 * tokens) used = 21_000 + 10 * tokens;
        total(name, limit, used);
    }

    function total(string memory name, uint256 limit, uint256 used) private {
        vm.snapshotValue("SessionMarket", name, used);
        assertLe(used, limit, name);
    }

    /// @dev Leaves nobody's account empty in this asset.
    function settleInto(address asset, uint256 salt) private {
        ISessionMarket.Terms memory t = termsIn(asset);
        t.salt = salt;
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 1000, 1000);
        vm.prank(host);
        market.completeSession(t, v);
    }

    function one(address account) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}

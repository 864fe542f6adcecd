// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketHandler} from "./handlers/SessionMarketHandler.sol";

/// @notice The invariants M1 to M7 of README.md, in its order.
contract SessionMarketInvariants is Test {
    address internal constant COIN = address(0);

    ISessionMarket internal market;
    INodeRegistry internal registry;
    DevToken internal token;
    SessionMarketHandler internal handler;
    address internal treasury;

    /// @dev What M2 and M3 saw last.
    mapping(uint256 id => uint256 settled) internal _settledBefore;
    mapping(uint256 id => ISessionMarket.Status status) internal _statusBefore;

    function setUp() external {
        vm.warp(1_800_000_000);
        address owner = makeAddr("owner");
        address prover = makeAddr("prover");
        treasury = makeAddr("treasury");
        IFabToken fab = Deploy.fabToken(address(this), address(this));
        registry = Deploy.nodeRegistry(owner, address(fab), 1000e18, 7 days, 4096);
        market = Deploy.sessionMarket(owner, address(registry), prover, treasury, 1500);
        token = new DevToken("Dev Dollar", "DEV", 6);
        vm.startPrank(owner);
        market.setTokenLimits(COIN, 0.0002 ether, 1000 ether);
        market.setTokenLimits(address(token), 0.8e6, 1_000_000e6);
        vm.stopPrank();
        handler = new SessionMarketHandler(market, token, owner, prover);
        for (uint256 i; i < handler.HOSTS(); ++i) {
            register(fab, handler.hosts(i), handler.hostSigner(i));
        }
        targetContract(address(handler));
        targetSelectors(address(handler), moves());
    }

    /// @dev M1.
    function invariant_M1_MoneyInIsMoneyOwed() external view {
        address[2] memory assets = handler.assets();
        for (uint256 a; a < assets.length; ++a) {
            assertEq(holding(assets[a], address(market)), owed(assets[a]), "owed");
        }
    }

    /// @dev M2.
    function invariant_M2_SettledOnlyGrowsUpToTheDeposit() external {
        for (uint256 i; i < handler.sessionCount(); ++i) {
            uint256 id = market.sessionIdOf(handler.session(i));
            ISessionMarket.SessionDetails memory d = market.getSessionDetails(id);
            assertGe(d.settled, _settledBefore[id], "backwards");
            assertLe(d.settled, d.deposit, "beyond the deposit");
            _settledBefore[id] = d.settled;
        }
    }

    /// @dev M3.
    function invariant_M3_IdsNeverRecur() external {
        for (uint256 i; i < handler.sessionCount(); ++i) {
            ISessionMarket.Terms memory t = handler.session(i);
            uint256 id = market.sessionIdOf(t);
            ISessionMarket.SessionDetails memory d = market.getSessionDetails(id);
            assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.IdUsed);
            if (uint256(_statusBefore[id]) > uint256(ISessionMarket.Status.Active)) {
                assertEq(uint256(d.status), uint256(_statusBefore[id]), "reopened");
                assertEq(d.deposit, d.settled, "deposit of an ended session");
                assertEq(d.closingAt, 0, "clock of an ended session");
            }
            _statusBefore[id] = d.status;
        }
    }

    /// @dev M4.
    function invariant_M4_NoMoreGoesOutThanCameIn() external view {
        address[2] memory assets = handler.assets();
        for (uint256 a; a < assets.length; ++a) {
            uint256 inside = holding(assets[a], address(market));
            assertEq(handler.paidIn(assets[a]), handler.paidOut(assets[a]) + inside, "in = out + inside");
        }
    }

    /// @dev M5.
    function invariant_M5_FeesAreThoseOfCumulativePayments() external view {
        address[2] memory assets = handler.assets();
        for (uint256 a; a < assets.length; ++a) {
            uint256 expected;
            for (uint256 i; i < handler.sessionCount(); ++i) {
                ISessionMarket.Terms memory t = handler.session(i);
                if (t.token != assets[a]) continue;
                expected += uint256(market.getSessionDetails(market.sessionIdOf(t)).settled) * t.feeBps / 10_000;
            }
            uint256 waiting;
            for (uint256 i; i < handler.HOSTS(); ++i) {
                (, uint256 fee) = market.earningsOf(handler.hosts(i), assets[a]);
                waiting += fee;
            }
            assertEq(waiting + handler.swept(assets[a]), expected, "fees");
            assertEq(holding(assets[a], treasury), handler.swept(assets[a]), "swept");
        }
    }

    /// @dev M6.
    function invariant_M6_HeldStaysWithinTheCap() external view {
        for (uint256 i; i < handler.sessionCount(); ++i) {
            ISessionMarket.Terms memory t = handler.session(i);
            assertLe(market.getSessionDetails(market.sessionIdOf(t)).held, t.proofCap, "held");
        }
    }

    /// @dev M7: at the end of every run, whatever happened in it.
    function afterInvariant() external {
        vm.startPrank(makeAddr("owner"));
        market.pause();
        market.setTokenLimits(COIN, 0, 0);
        market.setTokenLimits(address(token), 0, 0);
        vm.stopPrank();
        for (uint256 i; i < handler.sessionCount(); ++i) {
            endEveryWay(handler.session(i));
        }
        address[2] memory assets = handler.assets();
        for (uint256 a; a < assets.length; ++a) {
            payOut(assets[a]);
            assertEq(holding(assets[a], address(market)), 0, "left behind");
        }
    }

    /* EXITS */

    /// @dev Host at once; renter with a grace period; anyone by the clock: each works, whichever came first.
    function endEveryWay(ISessionMarket.Terms memory t) private {
        ISessionMarket.SessionDetails memory d = market.getSessionDetails(market.sessionIdOf(t));
        if (d.status == ISessionMarket.Status.Active) {
            ISessionMarket.SignedVoucher memory none;
            uint256 state = vm.snapshotState();
            vm.prank(t.host);
            market.completeSession(t, none);
            assertTrue(vm.revertToState(state), "revertToState");

            uint256 timeoutAt = market.getSessionMetrics(t).timeoutAt;
            if (d.closingAt == 0 && timestamp() < timeoutAt) {
                ISessionMarket.SignedCloseRequest memory request;
                vm.prank(t.renter);
                market.cancelSession(t, request);
                timeoutAt = market.getSessionMetrics(t).timeoutAt;
                assertLe(timeoutAt, timestamp() + t.grace, "one grace period");
            }
            if (timestamp() < timeoutAt) vm.warp(timeoutAt);
            market.triggerSessionTimeout(t);
        }
        d = market.getSessionDetails(market.sessionIdOf(t));
        assertEq(d.deposit, d.settled, "ended");
        if (d.held != 0) {
            vm.prank(market.proofSystem());
            market.release(t, d.held);
        }
    }

    function payOut(address asset) private {
        address[] memory hosts = new address[](handler.HOSTS());
        for (uint256 i; i < handler.HOSTS(); ++i) {
            hosts[i] = handler.hosts(i);
            withdraw(hosts[i], asset);
        }
        market.sweepFees(hosts, asset);
        for (uint256 i; i < handler.RENTERS(); ++i) {
            address renter = handler.renters(i);
            withdraw(renter, asset);
            uint256 balance = market.balanceOf(renter, asset);
            vm.prank(renter);
            market.withdrawBalance(asset, balance, address(0xBEEF));
        }
    }

    function withdraw(address account, address asset) private {
        (uint256 net,) = market.earningsOf(account, asset);
        if (net == 0) return;
        vm.prank(account);
        market.withdraw(asset, address(0xBEEF));
    }

    /* READING */

    /// @dev Everything the market owes in this asset, from its own books.
    function owed(address asset) private view returns (uint256 sum) {
        for (uint256 i; i < handler.sessionCount(); ++i) {
            ISessionMarket.Terms memory t = handler.session(i);
            if (t.token != asset) continue;
            ISessionMarket.SessionDetails memory d = market.getSessionDetails(market.sessionIdOf(t));
            sum += d.deposit - d.settled + d.held;
        }
        for (uint256 i; i < handler.HOSTS(); ++i) {
            (uint256 net, uint256 fee) = market.earningsOf(handler.hosts(i), asset);
            sum += net + fee;
        }
        for (uint256 i; i < handler.RENTERS(); ++i) {
            (uint256 net,) = market.earningsOf(handler.renters(i), asset);
            sum += net + market.balanceOf(handler.renters(i), asset);
        }
    }

    function holding(address asset, address account) private view returns (uint256) {
        return asset == COIN ? account.balance : token.balanceOf(account);
    }

    function assertReason(ISessionMarket.Reason left, ISessionMarket.Reason right) private pure {
        assertEq(uint256(left), uint256(right), "reason");
    }

    /* SETTING UP */

    function register(IFabToken fab, address host, address signer) private {
        assertTrue(fab.transfer(host, 1000e18), "transfer");
        INodeRegistry.ModelPrice[] memory prices = new INodeRegistry.ModelPrice[](2);
        prices[0] = INodeRegistry.ModelPrice(handler.MODEL(), COIN, 1, 1);
        prices[1] = INodeRegistry.ModelPrice(handler.MODEL(), address(token), 1, 1);
        bytes memory publicKey = abi.encodePacked(bytes1(0x02), keccak256("public key"));
        vm.startPrank(host);
        fab.approve(address(registry), 1000e18);
        registry.register(signer, "https://host.example", "{}", publicKey, prices);
        vm.stopPrank();
    }

    function moves() private view returns (bytes4[] memory list) {
        list = new bytes4[](19);
        list[0] = handler.open.selector;
        list[1] = handler.openFromBalance.selector;
        list[2] = handler.deposit.selector;
        list[3] = handler.withdrawBalance.selector;
        list[4] = handler.settle.selector;
        list[5] = handler.settleBatch.selector;
        list[6] = handler.complete.selector;
        list[7] = handler.completeWithClose.selector;
        list[8] = handler.cancel.selector;
        list[9] = handler.extend.selector;
        list[10] = handler.topUp.selector;
        list[11] = handler.timeOut.selector;
        list[12] = handler.withdraw.selector;
        list[13] = handler.sweep.selector;
        list[14] = handler.hold.selector;
        list[15] = handler.payHeld.selector;
        list[16] = handler.release.selector;
        list[17] = handler.govern.selector;
        list[18] = handler.wait.selector;
    }
}

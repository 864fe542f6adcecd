// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IPullPayments} from "../../src/interfaces/IPullPayments.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {JobsHandler} from "./handlers/JobsHandler.sol";

/// @notice The invariants J1 to J6 of README.md, in its order.
contract JobsInvariants is Test {
    address internal constant COIN = address(0);

    IJobMarketplace internal jobs;
    IPaymentEscrow internal escrow;
    DevToken internal token;
    JobsHandler internal handler;
    address internal treasury;

    /// @dev What J4 saw last.
    mapping(uint256 id => bytes32 ended) internal _ended;

    function setUp() external {
        vm.warp(1_800_000_000);
        (address owner, address arbiter) = (makeAddr("owner"), makeAddr("arbiter"));
        treasury = makeAddr("treasury");
        IFabToken fab = Deploy.fabToken(address(this), address(this));
        INodeRegistry registry = Deploy.nodeRegistry(owner, address(fab), 1000e18, 7 days, 4096);
        escrow = Deploy.paymentEscrow(owner, arbiter, treasury, 1500);
        jobs = Deploy.jobMarketplace(owner, owner, address(registry), address(escrow));
        token = new DevToken("Dev Dollar", "DEV", 6);
        vm.startPrank(owner);
        jobs.setPaymentLimits(COIN, IJobMarketplace.PaymentLimits(0.0002 ether, 1000 ether));
        jobs.setPaymentLimits(address(token), IJobMarketplace.PaymentLimits(0.8e6, 1_000_000e6));
        // Failures are frequent here, and the throttle has its own tests.
        ICircuitBreaker(address(jobs))
            .setBreakerSettings(
                ICircuitBreaker.BreakerSettings({failures: 64, window: 1 minutes, perMinute: 64, perHour: 64})
            );
        vm.stopPrank();
        handler = new JobsHandler(jobs, token, owner, arbiter);
        for (uint256 i = 0; i < 2; i++) {
            register(fab, registry, handler.hosts(i));
        }
        targetContract(address(handler));
        targetSelectors(address(handler), moves());
    }

    /// @dev One campaign for all, since Foundry plays a campaign of its own for each function named so.
    function invariant_J1toJ5() external {
        for (uint256 a = 0; a < 2; a++) {
            address asset = handler.assets()[a];
            uint256 inside = holding(asset, address(escrow));
            assertEq(inside, owed(asset), "J1: owed");
            assertEq(handler.paidIn(asset), handler.paidOut(asset) + inside, "J2: in = out + inside");
            assertEq(escrow.feesOf(asset) + handler.swept(asset), handler.fees(asset), "J3: fees");
            assertEq(holding(asset, treasury), handler.swept(asset), "J3: swept");
            assertEq(holding(asset, address(jobs)), 0, "J5: money in the marketplace");
        }
        for (uint256 id = 1; id <= escrow.escrowCount(); id++) {
            checkEnd(id);
        }
    }

    /// @dev J4.
    function checkEnd(uint256 id) private {
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        if (_ended[id] != bytes32(0)) assertEq(keccak256(abi.encode(d)), _ended[id], "J4: changed after its end");
        if (d.status > IPaymentEscrow.Status.Disputed) _ended[id] = keccak256(abi.encode(d));
    }

    /// @dev J6: at the end of every run, whatever happened in it, and with nobody's help.
    function afterInvariant() external {
        vm.etch(address(jobs), hex"fd");
        skip(100 days);
        for (uint256 id = 1; id <= escrow.escrowCount(); id++) {
            IPaymentEscrow.Status status = escrow.escrowOf(id).status;
            vm.prank(address(0xCAFE));
            if (status == IPaymentEscrow.Status.Delivered) escrow.releaseEscrow(id);
            else if (status <= IPaymentEscrow.Status.Disputed) escrow.refundEscrow(id);
        }
        address[] memory list = new address[](2);
        (list[0], list[1]) = (COIN, address(token));
        IPullPayments payments = handler.payments();
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(handler.renters(i));
            payments.withdrawMany(list, address(0xBEEF));
            vm.prank(handler.hosts(i));
            payments.withdrawMany(list, address(0xBEEF));
            escrow.sweepFees(list[i]);
        }
        assertEq(address(escrow).balance + token.balanceOf(address(escrow)), 0, "J6: left behind");
    }

    /* READING */

    /// @dev Everything the escrow owes in this asset, from its own books.
    function owed(address asset) private view returns (uint256 sum) {
        for (uint256 id = 1; id <= escrow.escrowCount(); id++) {
            IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
            if (d.token == asset && d.status <= IPaymentEscrow.Status.Disputed) sum += d.amount;
        }
        IPullPayments payments = handler.payments();
        for (uint256 i = 0; i < 2; i++) {
            sum += payments.withdrawable(handler.hosts(i), asset) + payments.withdrawable(handler.renters(i), asset);
        }
        sum += escrow.feesOf(asset);
    }

    function holding(address asset, address account) private view returns (uint256) {
        return asset == COIN ? account.balance : token.balanceOf(account);
    }

    /* SETTING UP */

    function register(IFabToken fab, INodeRegistry registry, address host) private {
        assertTrue(fab.transfer(host, 1000e18), "transfer");
        INodeRegistry.ModelPrice[] memory prices = new INodeRegistry.ModelPrice[](2);
        prices[0] = INodeRegistry.ModelPrice(handler.MODEL(), COIN, 1, 1);
        prices[1] = INodeRegistry.ModelPrice(handler.MODEL(), address(token), 1, 1);
        bytes memory publicKey = abi.encodePacked(bytes1(0x02), keccak256("public key"));
        vm.startPrank(host);
        fab.approve(address(registry), 1000e18);
        registry.register(host, "https://host.example", "{}", publicKey, prices);
        vm.stopPrank();
    }

    function moves() private view returns (bytes4[] memory list) {
        list = new bytes4[](16);
        list[0] = handler.post.selector;
        list[1] = handler.createByHand.selector;
        list[2] = handler.claim.selector;
        list[3] = handler.submit.selector;
        list[4] = handler.fail.selector;
        list[5] = handler.cancel.selector;
        list[6] = handler.releaseMany.selector;
        list[7] = handler.release.selector;
        list[8] = handler.refund.selector;
        list[9] = handler.agree.selector;
        list[10] = handler.dispute.selector;
        list[11] = handler.resolve.selector;
        list[12] = handler.withdraw.selector;
        list[13] = handler.sweep.selector;
        list[14] = handler.govern.selector;
        list[15] = handler.wait.selector;
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IPullPayments} from "../../src/interfaces/IPullPayments.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";

/// @notice An escrow with the default parameters, an operator with coin and tokens, and the parties.
abstract contract PaymentEscrowTest is Test {
    address internal constant COIN = address(0);
    uint16 internal constant FEE_BPS = 1500;
    uint40 internal constant WINDOW = 3 days;
    uint40 internal constant ARBITRATION = 30 days;
    uint40 internal constant TIME = 1 hours;
    uint256 internal constant AMOUNT = 100e6;

    IPaymentEscrow internal escrow;
    IPullPayments internal payments; // the same contract
    DevToken internal token;
    address internal owner;
    address internal arbiter;
    address internal treasury;
    address internal operator;
    address internal renter;
    address internal host;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (owner, arbiter, treasury) = (makeAddr("owner"), makeAddr("arbiter"), makeAddr("treasury"));
        (operator, renter, host) = (makeAddr("operator"), makeAddr("renter"), makeAddr("host"));
        stranger = makeAddr("stranger");
        escrow = Deploy.paymentEscrow(owner, arbiter, treasury, FEE_BPS);
        payments = IPullPayments(address(escrow));
        token = new DevToken("Dev Dollar", "DEV", 6);
        fund(operator);
    }

    function fund(address account) internal {
        vm.deal(account, type(uint128).max);
        token.mint(account, type(uint128).max);
        vm.prank(account);
        token.approve(address(escrow), type(uint256).max);
    }

    /* MOVES */

    function create(address asset, uint256 amount) internal returns (uint256 id) {
        uint40 deadline = uint40(timestamp() + TIME);
        vm.prank(operator);
        return escrow.createEscrow{value: asset == COIN ? amount : 0}(renter, asset, amount, deadline);
    }

    function assigned() internal returns (uint256 id) {
        id = create(address(token), AMOUNT);
        vm.prank(operator);
        escrow.assignHost(id, host);
    }

    function delivered() internal returns (uint256 id) {
        id = assigned();
        vm.prank(operator);
        escrow.markDelivered(id);
    }

    function disputed() internal returns (uint256 id) {
        id = delivered();
        vm.prank(renter);
        escrow.disputeEscrow(id);
    }

    function released() internal returns (uint256 id) {
        id = delivered();
        vm.prank(renter);
        escrow.releaseEscrow(id);
    }

    /// @dev One escrow in each status, in the enumeration's order; the first is an id never seen.
    function oneOfEach() internal returns (uint256[7] memory ids) {
        ids[0] = type(uint256).max;
        ids[1] = assigned();
        ids[2] = delivered();
        ids[3] = disputed();
        ids[4] = released();
        ids[5] = disputed();
        vm.prank(arbiter);
        escrow.resolveDispute(ids[5], renter);
        ids[6] = create(address(token), AMOUNT);
        vm.prank(operator);
        escrow.abandonEscrow(ids[6]);
        for (uint256 i = 0; i < 7; i++) {
            assertEq(uint256(status(ids[i])), i, "status");
        }
    }

    /* READING */

    function status(uint256 id) internal view returns (IPaymentEscrow.Status) {
        return escrow.escrowOf(id).status;
    }

    function assertStatus(uint256 id, IPaymentEscrow.Status expected) internal view {
        assertEq(uint256(status(id)), uint256(expected), "status");
    }

    function fee(uint256 amount) internal pure returns (uint256) {
        return amount * FEE_BPS / 10_000;
    }

    function expectWrongStatus(uint256 id) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_WrongStatus.selector, id, uint256(status(id)))
        );
    }

    function expectUnauthorized(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_Unauthorized.selector, caller));
    }

    function expectOutOfRange(uint256 value, uint256 min, uint256 max) internal {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_OutOfRange.selector, value, min, max));
    }

    function expectWrongHost(uint256 id, address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_WrongHost.selector, id, account));
    }

    function expectTooLate(uint256 until) internal {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_TooLate.selector, until));
    }

    function expectNotYet(uint256 from) internal {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NotYet.selector, from));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../../src/interfaces/ICircuitBreaker.sol";
import {IPayments} from "../../../src/interfaces/IPayments.sol";
import {DevToken} from "../../tokens/DevToken.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice An account that refuses coin, and can be told what to call.
contract RefusingAccount {
    function call(address target, bytes calldata data) external {
        (bool ok, bytes memory reason) = target.call(data);
        if (!ok) revert(string(reason));
    }
}

/// @title PaymentsHandler
/// @notice Three accounts, one of which takes no coin, pay each other in coin and dollars by streams and batches, while a
/// guardian moves the breaker. No move may revert.
contract PaymentsHandler is Test {
    uint256 public constant WALLET = 1_000_000e6; // of each payer, in dollars and in coin

    IPayments public immutable payments;
    DevToken public immutable usd;
    address public immutable guardian;
    address public immutable refuser;

    address[] public accounts;

    /* WHAT SHOULD BE */

    mapping(address token => uint256) public paidIn;
    mapping(address token => uint256) public paidOut;

    constructor(IPayments payments_, DevToken usd_, address guardian_) {
        (payments, usd, guardian) = (payments_, usd_, guardian_);
        refuser = address(new RefusingAccount());
        accounts.push(address(0x40001));
        accounts.push(address(0x40002));
        accounts.push(refuser);
        for (uint256 i = 0; i < 2; i++) {
            usd.mint(accounts[i], WALLET);
            vm.deal(accounts[i], WALLET);
            vm.prank(accounts[i]);
            usd.approve(address(payments), type(uint256).max);
        }
    }

    /* MOVES */

    function createStream(uint256 from, uint256 to, uint256 amount, uint256 delay, uint256 length, bool coin) external {
        (address sender, address token) = (accounts[from % 2], tokenOf(coin));
        uint256 wallet = holding(token, sender);
        if (wallet == 0 || ICircuitBreaker(address(payments)).circuitBreakerLevel() == 3) return;
        amount = bound(amount, 1, wallet);
        uint256 start = timestamp() + bound(delay, 0, 3 days);
        uint256 end = start + bound(length, 1, 30 days);
        vm.prank(sender);
        payments.createStream{value: coin ? amount : 0}(
            accounts[to % 3], token, uint128(amount), uint40(start), uint40(end)
        );
        paidIn[token] += amount;
    }

    function withdrawStream(uint256 which) external {
        if (payments.streamCount() == 0) return;
        uint256 id = 1 + which % payments.streamCount();
        IPayments.Stream memory stream = payments.streamOf(id);
        if (payments.flowedOf(id) == stream.withdrawn) return;
        vm.prank(stream.recipient);
        paidOut[stream.token] += payments.withdrawStream(id, accounts[which % 2]);
    }

    function cancelStream(uint256 which, bool byRecipient) external {
        if (payments.streamCount() == 0) return;
        uint256 id = 1 + which % payments.streamCount();
        IPayments.Stream memory stream = payments.streamOf(id);
        if (stream.cancelled || timestamp() >= stream.end) return;
        vm.prank(byRecipient ? stream.recipient : stream.sender);
        payments.cancelStream(id);
    }

    function payBatch(uint256 from, uint256 amount, bool coin) external {
        (address sender, address token) = (accounts[from % 2], tokenOf(coin));
        uint256 each = holding(token, sender) / 3;
        if (each == 0 || ICircuitBreaker(address(payments)).circuitBreakerLevel() == 3) return;
        amount = bound(amount, 1, each);
        IPayments.Payment[] memory list = new IPayments.Payment[](3);
        for (uint256 i = 0; i < 3; i++) {
            list[i] = IPayments.Payment(accounts[i], uint128(amount), 0);
        }
        vm.prank(sender);
        payments.payBatch{value: coin ? 3 * amount : 0}(token, list);
        paidIn[token] += 3 * amount;
        paidOut[token] += coin ? 2 * amount : 3 * amount; // the refuser's coin bounced
    }

    function withdraw(uint256 which, bool coin) external {
        (address account, address token) = (accounts[which % 3], tokenOf(coin));
        if (payments.balanceOf(account, token) == 0) return;
        vm.prank(account);
        paidOut[token] += payments.withdraw(token, accounts[which % 2]);
    }

    function setLevel(uint256 level) external {
        ICircuitBreaker breaker = ICircuitBreaker(address(payments));
        uint256 current = breaker.circuitBreakerLevel();
        level = bound(level, current == 0 ? 1 : current - 1, 3);
        if (level == current) return;
        if (level < current) skip(1 hours);
        if (breaker.circuitBreakerLevel() != current) return; // the stop ended meanwhile
        vm.prank(guardian);
        breaker.setCircuitBreakerLevel(uint8(level));
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 5 days));
    }

    /* VIEWS */

    function tokenOf(bool coin) public view returns (address) {
        return coin ? address(0) : address(usd);
    }

    function holding(address token, address account) public view returns (uint256) {
        return token == address(0) ? account.balance : usd.balanceOf(account);
    }
}

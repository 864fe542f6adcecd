// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPayments} from "./interfaces/IPayments.sol";
import {TransferLib} from "./libraries/TransferLib.sol";
import {CircuitBreaker} from "./security/CircuitBreaker.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Payments
/// @notice Streams and batches; `IPayments` says what each call does.
/// @dev Not upgradeable. The owner moves the circuit breaker and nothing else: no switch keeps money in.
contract Payments is IPayments, CircuitBreaker, ReentrancyGuardTransient {
    /* CONSTANTS */

    uint256 private constant MAX_DURATION = 10 * 365 days;
    uint256 private constant MAX_BATCH = 100;

    /* STORAGE */

    /// @inheritdoc IPayments
    uint256 public override streamCount;
    /// @inheritdoc IPayments
    mapping(address account => mapping(address token => uint256)) public override balanceOf;
    mapping(uint256 id => Stream) private _streams;

    /// @param owner_ Moves the circuit breaker.
    /// @param guardian_ Moves its level.
    constructor(address owner_, address guardian_, BreakerSettings memory settings) Ownable(owner_) {
        _setUpBreaker(guardian_, settings);
    }

    /* STREAMS */

    /// @inheritdoc IPayments
    function createStream(address recipient, address token, uint128 amount, uint40 start, uint40 end)
        external
        payable
        override
        whenOpen
        nonReentrant
        returns (uint256 id)
    {
        // forge-lint: disable-next-line(unsafe-typecast)
        if (start == 0) start = uint40(block.timestamp);
        if (recipient == address(0)) revert Payments_ZeroAddress();
        if (amount == 0) revert Payments_ZeroAmount();
        if (start < block.timestamp || end <= start || end - start > MAX_DURATION) {
            revert Payments_BadTimes(start, end);
        }
        id = ++streamCount;
        _streams[id] = Stream({
            sender: msg.sender,
            recipient: recipient,
            token: token,
            amount: amount,
            withdrawn: 0,
            start: start,
            end: end,
            cancelled: false
        });
        emit StreamCreated(id, msg.sender, recipient, token, amount, start, end);
        _collect(token, amount);
    }

    /// @inheritdoc IPayments
    function withdrawStream(uint256 id, address to) external override nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert Payments_ZeroAddress();
        Stream storage stream = _stream(id);
        if (msg.sender != stream.recipient) revert Payments_Unauthorized(msg.sender);
        uint128 flowed = _flowed(stream);
        amount = flowed - stream.withdrawn;
        if (amount == 0) revert Payments_Nothing();
        stream.withdrawn = flowed;
        emit StreamWithdrawn(id, to, amount);
        TransferLib.push(stream.token, to, amount);
    }

    /// @inheritdoc IPayments
    function cancelStream(uint256 id) external override returns (uint256 refund) {
        Stream storage stream = _stream(id);
        if (msg.sender != stream.sender && msg.sender != stream.recipient) revert Payments_Unauthorized(msg.sender);
        if (stream.cancelled || block.timestamp >= stream.end) revert Payments_Over(id);
        uint128 flowed = _flowed(stream);
        refund = stream.amount - flowed;
        (stream.amount, stream.cancelled) = (flowed, true);
        balanceOf[stream.sender][stream.token] += refund;
        emit StreamCancelled(id, msg.sender, flowed, refund);
    }

    /* BATCHES */

    /// @inheritdoc IPayments
    function payBatch(address token, Payment[] calldata payments) external payable override whenOpen nonReentrant {
        if (payments.length == 0 || payments.length > MAX_BATCH) revert Payments_BadBatch(payments.length);
        uint256 total;
        for (uint256 i = 0; i < payments.length; i++) {
            if (payments[i].to == address(0)) revert Payments_ZeroAddress();
            if (payments[i].amount == 0) revert Payments_ZeroAmount();
            total += payments[i].amount;
        }
        _collect(token, total);
        for (uint256 i = 0; i < payments.length; i++) {
            Payment calldata payment = payments[i];
            bool delivered = TransferLib.tryPush(token, payment.to, payment.amount);
            if (!delivered) balanceOf[payment.to][token] += payment.amount;
            emit Paid(msg.sender, payment.to, token, payment.amount, payment.memo, delivered);
        }
    }

    /// @inheritdoc IPayments
    function withdraw(address token, address to) external override nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert Payments_ZeroAddress();
        amount = balanceOf[msg.sender][token];
        if (amount == 0) revert Payments_Nothing();
        balanceOf[msg.sender][token] = 0;
        emit BalanceWithdrawn(msg.sender, token, to, amount);
        TransferLib.push(token, to, amount);
    }

    /* VIEWS */

    /// @inheritdoc IPayments
    function streamOf(uint256 id) external view override returns (Stream memory) {
        return _stream(id);
    }

    /// @inheritdoc IPayments
    function flowedOf(uint256 id) external view override returns (uint256) {
        return _flowed(_stream(id));
    }

    /* INTERNAL */

    function _stream(uint256 id) private view returns (Stream storage stream) {
        stream = _streams[id];
        if (stream.sender == address(0)) revert Payments_UnknownStream(id);
    }

    /// @dev Rounded down, in the sender's favour until the end, when all has flowed.
    function _flowed(Stream storage stream) private view returns (uint128) {
        if (stream.cancelled || block.timestamp >= stream.end) return stream.amount;
        if (block.timestamp <= stream.start) return 0;
        uint256 flowed = uint256(stream.amount) * (block.timestamp - stream.start) / (stream.end - stream.start);
        // Less than the amount.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(flowed);
    }

    function _collect(address token, uint256 amount) private {
        uint256 expected = token == address(0) ? amount : 0;
        if (msg.value != expected) revert Payments_WrongValue(msg.value, expected);
        _checkPayment(token, amount);
        if (token != address(0)) TransferLib.pull(token, msg.sender, amount);
    }
}

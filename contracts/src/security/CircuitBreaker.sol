// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../interfaces/ICircuitBreaker.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title CircuitBreaker
/// @notice A base for contracts that take money or work on. Entrances carry `whenOpen`, or `throttled` where one account
/// could flood them; exits carry nothing. A contract counts what fails by `_recordFailure`, shows what it takes to
/// `_checkPayment`, remembers `_stoppedTime()` with each deadline and asks `_extended` when it is over.
/// @dev Works in a constructor and behind a proxy alike: whoever derives calls `_setUpBreaker`.
abstract contract CircuitBreaker is ICircuitBreaker, Ownable2Step {
    /* TYPES */

    struct Ring {
        uint64 count;
        mapping(uint256 index => uint40) times;
    }

    /* CONSTANTS */

    uint8 private constant THROTTLED = 1;
    uint8 private constant NAMED_STOPPED = 2;
    uint8 private constant ALL_STOPPED = 3;

    /// @dev Between two steps down.
    uint256 private constant COOLDOWN = 1 hours;
    /// @dev Longest stop.
    uint256 private constant MAX_STOP = 7 days;
    /// @dev Most that stops together put one deadline off, so that nobody can keep an exit from opening.
    uint256 private constant MAX_EXTENSION = 30 days;
    uint256 private constant RING = 64;

    /* STORAGE */

    // Two slots, the first with the next owner.
    uint8 private _level; // as set, see `circuitBreakerLevel`
    uint40 private _changedAt;
    uint40 private _stoppedAt; // when the stop of now began; stale below level 2
    uint64 private _stoppedBefore; // seconds of the stops before
    uint32 private _failures;
    uint32 private _trips;
    uint40 private _lastIncident;

    /// @inheritdoc ICircuitBreaker
    address public override guardian;
    BreakerSettings private _breakerSettings;

    /// @inheritdoc ICircuitBreaker
    mapping(bytes4 selector => bool) public override isFunctionPaused;
    /// @inheritdoc ICircuitBreaker
    mapping(address token => uint256) public override paymentLimit;
    mapping(address account => Ring) private _calls;
    Ring private _failureTimes;

    /* ENTRANCES */

    /// @dev An entrance: stopped at level 3, and at level 2 if it was named.
    modifier whenOpen() {
        _checkOpen();
        _;
    }

    /// @dev An entrance that one account may use only so often from level 1 on.
    modifier throttled() {
        if (_checkOpen() >= THROTTLED) _checkRate(msg.sender);
        _;
    }

    modifier onlyGuardian() {
        if (msg.sender != guardian && msg.sender != owner()) revert Breaker_Unauthorized(msg.sender);
        _;
    }

    /* GUARDIAN OR OWNER */

    /// @inheritdoc ICircuitBreaker
    function setCircuitBreakerLevel(uint8 level) external override onlyGuardian {
        uint8 current = circuitBreakerLevel();
        if (level > ALL_STOPPED || level == current || level + 1 < current) revert Breaker_BadLevel(level, current);
        uint256 until = _changedAt + COOLDOWN;
        if (level < current && block.timestamp < until) revert Breaker_Cooldown(until);
        _setLevel(level);
    }

    /// @inheritdoc ICircuitBreaker
    function emergencyPause(string calldata reason) external override onlyGuardian {
        _setLevel(ALL_STOPPED);
        emit BreakerStopped(msg.sender, reason);
    }

    /// @inheritdoc ICircuitBreaker
    function pauseFunction(bytes4 selector) external override onlyGuardian {
        _setFunctionPause(selector, true);
    }

    /// @inheritdoc ICircuitBreaker
    function unpauseFunction(bytes4 selector) external override onlyGuardian {
        _setFunctionPause(selector, false);
    }

    /* OWNER */

    /// @inheritdoc ICircuitBreaker
    function pause() external override onlyOwner {
        _setLevel(ALL_STOPPED);
    }

    /// @inheritdoc ICircuitBreaker
    function unpause() external override onlyOwner {
        if (circuitBreakerLevel() == ALL_STOPPED) _setLevel(NAMED_STOPPED);
    }

    /// @inheritdoc ICircuitBreaker
    function setPaymentLimit(address token, uint256 limit) external override onlyOwner {
        paymentLimit[token] = limit;
        emit PaymentLimitSet(token, limit);
    }

    /// @inheritdoc ICircuitBreaker
    function setBreakerSettings(BreakerSettings calldata settings) external override onlyOwner {
        _setBreakerSettings(settings);
    }

    /// @inheritdoc ICircuitBreaker
    function setGuardian(address guardian_) external override onlyOwner {
        _setGuardian(guardian_);
    }

    /* VIEWS */

    /// @inheritdoc ICircuitBreaker
    function circuitBreakerLevel() public view override returns (uint8) {
        return _level >= NAMED_STOPPED && block.timestamp >= _stoppedAt + MAX_STOP ? THROTTLED : _level;
    }

    /// @inheritdoc ICircuitBreaker
    function getCircuitBreakerMetrics() external view override returns (BreakerMetrics memory) {
        return BreakerMetrics({
            level: circuitBreakerLevel(),
            changedAt: _changedAt,
            stoppedTime: _stoppedTime(),
            failures: _failures,
            trips: _trips,
            lastIncident: _lastIncident
        });
    }

    /// @inheritdoc ICircuitBreaker
    function breakerSettings() external view override returns (BreakerSettings memory) {
        return _breakerSettings;
    }

    /* INTERNAL: FOR WHO DERIVES */

    /// @dev Defaults: 5 failures in 10 minutes; 3 calls a minute and 10 an hour.
    function _setUpBreaker(address guardian_, BreakerSettings memory settings) internal {
        _setGuardian(guardian_);
        _setBreakerSettings(settings);
    }

    /// @dev Something went wrong that a well-behaved market sees seldom.
    function _recordFailure() internal {
        _failures++;
        _lastIncident = uint40(block.timestamp);
        Ring storage ring = _failureTimes;
        uint256 needed = _breakerSettings.failures;
        _push(ring);
        if (ring.count < needed) return;
        if (ring.times[(ring.count - needed) % RING] + _breakerSettings.window <= block.timestamp) return;
        ring.count = 0; // the next trip needs as many failures again
        _trip(Cause.Failures);
    }

    /// @dev The payment is taken all the same: a refusal would undo the trip, and the exits stay open for it.
    function _checkPayment(address token, uint256 amount) internal {
        uint256 limit = paymentLimit[token];
        if (limit != 0 && amount > limit) _trip(Cause.Payment);
    }

    /// @dev Seconds ever spent at level 2 and above.
    function _stoppedTime() internal view returns (uint64) {
        if (_level < NAMED_STOPPED) return _stoppedBefore;
        uint256 stop = block.timestamp - _stoppedAt;
        // A hundred and more years of seconds fit 64 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return _stoppedBefore + uint64(stop < MAX_STOP ? stop : MAX_STOP);
    }

    /// @dev A deadline set when `_stoppedTime()` was `stoppedThen`, put off by the stops since.
    function _extended(uint256 deadline, uint64 stoppedThen) internal view returns (uint256) {
        uint256 stops = _stoppedTime() - stoppedThen;
        return deadline + (stops < MAX_EXTENSION ? stops : MAX_EXTENSION);
    }

    /* INTERNAL */

    function _checkOpen() private view returns (uint8 level) {
        level = circuitBreakerLevel();
        if (level == ALL_STOPPED || (level == NAMED_STOPPED && isFunctionPaused[msg.sig])) {
            revert Breaker_Stopped(msg.sig, level);
        }
    }

    function _checkRate(address account) private {
        Ring storage ring = _calls[account];
        uint256 retryAt = _freeAt(ring, _breakerSettings.perMinute, 1 minutes);
        uint256 hourly = _freeAt(ring, _breakerSettings.perHour, 1 hours);
        if (hourly > retryAt) retryAt = hourly;
        if (block.timestamp < retryAt) revert Breaker_TooFast(account, retryAt);
        _push(ring);
    }

    /// @dev When the call `most` calls ago is old enough for another.
    function _freeAt(Ring storage ring, uint256 most, uint256 span) private view returns (uint256) {
        return ring.count < most ? 0 : ring.times[(ring.count - most) % RING] + span;
    }

    function _push(Ring storage ring) private {
        ring.times[ring.count % RING] = uint40(block.timestamp);
        ring.count++;
    }

    function _trip(Cause cause) private {
        _trips++;
        _lastIncident = uint40(block.timestamp);
        uint8 level = circuitBreakerLevel();
        if (level < NAMED_STOPPED) _setLevel(level + 1);
        emit BreakerTripped(cause, circuitBreakerLevel());
    }

    function _setLevel(uint8 level) private {
        uint8 before = circuitBreakerLevel();
        // A stop that is over, by hand or by itself, is booked; one that goes on keeps its beginning.
        if (level < NAMED_STOPPED || before < NAMED_STOPPED) {
            _stoppedBefore = _stoppedTime();
            _stoppedAt = uint40(block.timestamp);
        }
        _level = level;
        _changedAt = uint40(block.timestamp);
        emit BreakerLevelSet(level, before);
    }

    function _setFunctionPause(bytes4 selector, bool paused) private {
        isFunctionPaused[selector] = paused;
        emit FunctionPauseSet(selector, paused);
    }

    function _setGuardian(address guardian_) private {
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    function _setBreakerSettings(BreakerSettings memory s) private {
        _checkRange(s.failures, 1, RING);
        _checkRange(s.window, 1 minutes, 1 days);
        _checkRange(s.perHour, 1, RING);
        _checkRange(s.perMinute, 1, s.perHour);
        _breakerSettings = s;
        emit BreakerSettingsSet(s.failures, s.window, s.perMinute, s.perHour);
    }

    function _checkRange(uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert Breaker_OutOfRange(value, min, max);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title ICircuitBreaker
/// @notice Levels at which a contract takes on nothing new: 0 normal, 1 throttled, 2 named functions stopped, 3 every
/// entrance stopped. Exits, which settle, complete, time out, refund or withdraw, never ask it.
/// @dev A stop ends by itself after 7 days. Deadlines of what is under way are extended by the time it was stopped. The
/// contract itself goes up to level 2 at most, so that a stranger who provokes failures cannot stop everything.
interface ICircuitBreaker {
    /* TYPES */

    /// @notice Why the level went up by itself.
    enum Cause {
        Failures,
        Payment
    }

    /// @notice When it trips, and what is throttled.
    struct BreakerSettings {
        uint8 failures; // so many, 1 to 64,
        uint32 window; // in so many seconds, 1 minute to 1 day, trip it
        uint8 perMinute; // calls of an account at level 1 and above, 1 to `perHour`
        uint8 perHour; // up to 64
    }

    /// @notice What a monitor reads.
    struct BreakerMetrics {
        uint8 level; // of now
        uint40 changedAt; // when it was last set
        uint64 stoppedTime; // seconds ever spent at level 2 and above
        uint32 failures; // ever
        uint32 trips; // ever
        uint40 lastIncident; // the last failure or trip; zero if none
    }

    /* EVENTS */

    /// @notice The level changed.
    event BreakerLevelSet(uint8 level, uint8 before);
    /// @notice The level went up by itself, if it was below 2.
    event BreakerTripped(Cause cause, uint8 level);
    /// @notice Somebody stopped every entrance, and says why.
    event BreakerStopped(address indexed by, string reason);
    /// @notice A function is stopped at level 2, or no more.
    event FunctionPauseSet(bytes4 indexed selector, bool paused);
    /// @notice A payment above this trips the breaker; zero: none does.
    event PaymentLimitSet(address indexed token, uint256 limit);
    /// @notice When it trips, and what is throttled.
    event BreakerSettingsSet(uint8 failures, uint32 window, uint8 perMinute, uint8 perHour);
    /// @notice Who moves the level.
    event GuardianSet(address indexed guardian);

    /* ERRORS */

    /// @notice The function is stopped.
    error Breaker_Stopped(bytes4 selector, uint8 level);
    /// @notice The account calls too often for a throttled contract.
    error Breaker_TooFast(address account, uint256 retryAt);
    /// @notice The caller is neither guardian nor owner.
    error Breaker_Unauthorized(address caller);
    /// @notice There is no such level, or it is not one below that of now.
    error Breaker_BadLevel(uint8 level, uint8 current);
    /// @notice The level came down, or went up, less than an hour ago.
    error Breaker_Cooldown(uint256 until);
    /// @notice A setting outside its bounds.
    error Breaker_OutOfRange(uint256 value, uint256 min, uint256 max);

    /* GUARDIAN OR OWNER */

    /// @notice Raises the level at once, or lowers it by one, an hour or more after it last changed.
    function setCircuitBreakerLevel(uint8 level) external;

    /// @notice Raises the level to 3.
    function emergencyPause(string calldata reason) external;

    /// @notice Stops a function at level 2. Has no effect on exits, which never ask.
    function pauseFunction(bytes4 selector) external;

    /// @notice Undoes `pauseFunction`.
    function unpauseFunction(bytes4 selector) external;

    /* OWNER */

    /// @notice Raises the level to 3.
    function pause() external;

    /// @notice Ends level 3: lowers it by one at once. Nothing if it is lower already.
    function unpause() external;

    /// @notice Sets what the contract refuses to take without tripping.
    function setPaymentLimit(address token, uint256 limit) external;

    /// @notice Sets when it trips, and what is throttled.
    function setBreakerSettings(BreakerSettings calldata settings) external;

    /// @notice Sets who moves the level besides the owner.
    function setGuardian(address guardian) external;

    /* VIEWS */

    /// @notice The level of now: a stop that lasted 7 days counts as level 1.
    function circuitBreakerLevel() external view returns (uint8);

    /// @notice Whether a function is among those stopped at level 2.
    function isFunctionPaused(bytes4 selector) external view returns (bool);

    /// @notice What a monitor reads.
    function getCircuitBreakerMetrics() external view returns (BreakerMetrics memory);

    /// @notice When it trips, and what is throttled.
    function breakerSettings() external view returns (BreakerSettings memory);

    /// @notice A payment above this trips the breaker; zero: none does.
    function paymentLimit(address token) external view returns (uint256);

    /// @notice Who moves the level besides the owner.
    function guardian() external view returns (address);
}

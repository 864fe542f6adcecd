// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IBuyback
/// @notice Turns what the treasury allots to it into FAB on Uniswap V3: a part is burned, the rest goes to the stakers.
/// @dev Amounts are base units, times Unix seconds; token zero is the chain's coin. Money comes by plain transfer. A
/// purchase is refused when its price is too far off the pool's time-weighted one, either way, so the most that a
/// sandwich or a careless keeper can cost is that distance.
interface IBuyback {
    /* TYPES */

    /// @notice How a token is spent.
    struct Route {
        uint24 fee; // of the pool with FAB, in hundredths of a basis point; zero: the token is not spent
        uint112 minimum; // least amount of a purchase
        uint112 threshold; // with at least so much here, a purchase need not wait for its time
    }

    /// @notice What applies to all tokens.
    struct Settings {
        uint16 burnBps; // share of what is bought that is burned
        uint16 maxDeviationBps; // from the time-weighted price, 10 to 1,000
        uint32 window; // of the time-weighted price, in seconds, 5 minutes to 1 day
        uint32 interval; // between purchases with a token, in seconds, 1 hour to 90 days
    }

    /* EVENTS */

    /// @notice FAB was bought. `burned` and `shared` may hold FAB that came in by itself.
    event BoughtBack(address indexed token, uint256 spent, uint256 bought, uint256 burned, uint256 shared);
    /// @notice A token's route.
    event RouteSet(address indexed token, uint24 fee, uint112 minimum, uint112 threshold, address pool);
    /// @notice What applies to all tokens.
    event SettingsSet(uint16 burnBps, uint16 maxDeviationBps, uint32 window, uint32 interval);
    /// @notice Who may buy.
    event KeeperSet(address indexed keeper, bool allowed);

    /* ERRORS */

    /// @notice The caller is no keeper.
    error Buyback_Unauthorized(address caller);
    /// @notice An address that must be set is zero.
    error Buyback_ZeroAddress();
    /// @notice No pool of this token and FAB with this fee.
    error Buyback_NoPool(address token, uint24 fee);
    /// @notice The token is not spent.
    error Buyback_NoRoute(address token);
    /// @notice Less than the minimum, or more than is here.
    error Buyback_AmountOutOfRange(uint256 amount, uint256 min, uint256 max);
    /// @notice Neither is it time, nor is the threshold reached.
    error Buyback_TooEarly(uint256 next);
    /// @notice Past the deadline.
    error Buyback_Expired(uint256 deadline);
    /// @notice What was bought is too far off what the time-weighted price promises.
    error Buyback_PriceOff(uint256 bought, uint256 expected);
    /// @notice A setting outside its bounds.
    error Buyback_OutOfRange(uint256 value, uint256 min, uint256 max);

    /* BUYING */

    /// @notice Spends `amount` of `token` on FAB, burns a part of all FAB here and gives the stakers the rest. Caller: a
    /// keeper.
    /// @param minOut Least FAB; the settings may ask for more.
    /// @param deadline Last second to do it.
    /// @return bought FAB that came for it.
    function buyback(address token, uint256 amount, uint256 minOut, uint256 deadline) external returns (uint256 bought);

    /* GOVERNANCE */

    /// @notice Sets how a token is spent. A fee of zero stops that. Caller: the owner.
    /// @dev The pool must remember the window: anyone may make it so by its `increaseObservationCardinalityNext`.
    function setRoute(address token, Route calldata route) external;

    /// @notice Sets what applies to all tokens. Caller: the owner.
    function setSettings(Settings calldata settings) external;

    /// @notice Lets an account buy, or not. Caller: the owner.
    function setKeeper(address keeper, bool allowed) external;

    /* VIEWS */

    /// @notice FAB for `amount` of `token` at the pool's time-weighted price, without its fee.
    function quote(address token, uint256 amount) external view returns (uint256);

    /// @notice How a token is spent.
    function routeOf(address token) external view returns (Route memory);

    /// @notice What applies to all tokens.
    function settings() external view returns (Settings memory);

    /// @notice When a token was last spent; zero if never.
    function lastAt(address token) external view returns (uint256);

    /// @notice Whether an account may buy.
    function isKeeper(address account) external view returns (bool);
}

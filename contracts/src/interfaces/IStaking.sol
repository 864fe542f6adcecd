// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IStaking
/// @notice FAB staked in tiers: how much decides for how long it is locked, how its share of the rewards is weighted and
/// how many votes it has. Rewards in several tokens are shared out evenly over a period, by weight.
/// @dev Amounts are base units, weights are amount times the tier's basis points, times are Unix seconds. Token zero is the
/// chain's coin. The contract is also the ERC-5805 ledger of the votes of what is staked; an account that never delegated
/// votes for itself. No switch, reward token or recipient can keep a stake from leaving.
interface IStaking {
    /* TYPES */

    /// @notice What a stake of at least `minAmount` gets.
    struct Tier {
        uint96 minAmount;
        uint32 lock; // seconds from the last stake
        uint16 rewardBps; // weight in rewards, in basis points of the amount
        uint16 votesBps; // votes, in basis points of the amount
    }

    /// @notice What an account has staked.
    struct Position {
        uint96 amount;
        uint40 lockedUntil; // leaving before costs `leaveBps`
        uint8 tier; // index
        uint256 weight;
        uint256 votes;
    }

    /// @notice Where a token's rewards are.
    struct RewardState {
        uint128 received; // ever, and taken into the books
        uint128 paid; // ever
        uint128 undistributed; // of what was received, not yet shared out
        uint40 finishAt; // when it will be, if somebody is staked throughout
    }

    /* EVENTS */

    /// @notice Staked, or compounded. `amount` was added; the totals follow.
    event Staked(address indexed account, uint256 amount, uint256 total, uint8 tier, uint256 lockedUntil);
    /// @notice Left. `cost` of the amount stayed behind as a reward for those who stay.
    event Unstaked(
        address indexed account, address indexed to, uint256 amount, uint256 cost, uint256 total, uint8 tier
    );
    /// @notice Rewards were paid out.
    event RewardPaid(address indexed account, address indexed token, address indexed to, uint256 amount);
    /// @notice Rewards came in, and all that is undistributed will be by `finishAt`.
    event RewardAdded(address indexed token, uint256 amount, uint256 finishAt);
    /// @notice A token may come in as a reward from now on.
    event RewardTokenAdded(address indexed token);

    /* ERRORS */

    /// @notice An amount of zero.
    error Staking_ZeroAmount();
    /// @notice An address that must be set is zero.
    error Staking_ZeroAddress();
    /// @notice More than is staked.
    error Staking_Insufficient(uint256 staked, uint256 amount);
    /// @notice Leaving is free only later; `unstakeEarly` pays the cost.
    error Staking_Locked(uint256 until);
    /// @notice Not a reward token.
    error Staking_UnknownToken(address token);
    /// @notice A reward token already.
    error Staking_KnownToken(address token);
    /// @notice There are as many reward tokens as there may be.
    error Staking_TooManyTokens();
    /// @notice Tiers must begin at zero, grow, and have weights and locks within bounds.
    error Staking_BadTier(uint256 index);
    /// @notice A constructor argument outside its bounds.
    error Staking_OutOfRange(uint256 value, uint256 min, uint256 max);

    /* STAKING */

    /// @notice Adds to the caller's stake from its FAB allowance. All of it is locked anew, for as long as the tier
    /// reached demands, and never for less than it was.
    function stake(uint256 amount) external;

    /// @notice Stakes the caller's rewards in FAB; everything is locked anew as by `stake`.
    /// @return amount Base units added.
    function compound() external returns (uint256 amount);

    /// @notice Takes `amount` of the caller's stake out, once it is not locked. What stays keeps the tier of its amount.
    function unstake(uint256 amount, address to) external;

    /// @notice As `unstake`, but before the lock is over: `leaveBps` of the amount, rounded up, goes to those who stay.
    function unstakeEarly(uint256 amount, address to) external;

    /* REWARDS */

    /// @notice Takes what came in of a reward token into the books, from when on it is shared out. Anyone may call; what
    /// comes while nobody is staked waits.
    /// @return amount Base units that were new.
    function distribute(address token) external returns (uint256 amount);

    /// @notice Pays the caller's rewards in these tokens.
    function claim(address[] calldata tokens, address to) external;

    /// @notice Lets a token come in as a reward, for ever. Caller: the owner. At most 8.
    function addRewardToken(address token) external;

    /* VIEWS */

    /// @notice What an account has staked.
    function positionOf(address account) external view returns (Position memory);

    /// @notice What an account could claim now.
    function claimable(address account, address token) external view returns (uint256);

    /// @notice Where a token's rewards are.
    function rewardState(address token) external view returns (RewardState memory);

    /// @notice Tokens that come in as rewards; the first is FAB.
    function rewardTokens() external view returns (address[] memory);

    /// @notice The tiers, smallest first.
    function tiers() external view returns (Tier[] memory);

    /// @notice Index of the tier of an amount.
    function tierOf(uint256 amount) external view returns (uint8);

    /// @notice Base units staked by all.
    function totalStaked() external view returns (uint256);

    /// @notice Weights of all.
    function totalWeight() external view returns (uint256);

    /// @notice The token staked.
    function fab() external view returns (address);

    /// @notice Cost of leaving early, in basis points of what leaves.
    function leaveBps() external view returns (uint16);

    /// @notice Seconds over which rewards that came in are shared out.
    function rewardPeriod() external view returns (uint32);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "./interfaces/IStaking.sol";
import {RewardPool} from "./staking/RewardPool.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Staking
/// @notice FAB staked in tiers, its rewards and its votes; `IStaking` says what each call does.
/// @dev Tiers are fixed at construction, so that nobody's lock or weight changes under them.
contract Staking is RewardPool, Votes, Ownable2Step, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /* TYPES */

    /// @dev One slot.
    struct Stake {
        uint96 amount;
        uint40 lockedUntil;
    }

    /* CONSTANTS AND IMMUTABLES */

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_TIERS = 16;
    uint256 private constant MAX_MULTIPLIER_BPS = 100_000;
    uint256 private constant MAX_LEAVE_BPS = 2500;
    uint256 private constant MAX_LOCK = 4 * 365 days;

    /// @inheritdoc IStaking
    address public immutable override fab;
    /// @inheritdoc IStaking
    uint16 public immutable override leaveBps;

    /* STORAGE */

    /// @inheritdoc IStaking
    uint256 public override totalStaked;

    Tier[] private _tiers; // by `minAmount`, from zero
    mapping(address account => Stake) private _stakes;

    /* CONSTRUCTION */

    /// @param owner_ May add reward tokens.
    /// @param fab_ The token staked, and the first reward token.
    /// @param tiers_ 1 to 16, from an amount of zero upwards; multipliers 1 to 100,000 basis points, locks up to 4 years.
    /// @param leaveBps_ Cost of leaving early, at most 2,500; 1,000 by default.
    /// @param rewardPeriod_ Over how many seconds a reward is shared out, 1 hour to 90 days; 7 days by default.
    constructor(address owner_, address fab_, Tier[] memory tiers_, uint16 leaveBps_, uint32 rewardPeriod_)
        RewardPool(rewardPeriod_)
        EIP712("Fabstir Staking", "1")
        Ownable(owner_)
    {
        if (fab_ == address(0)) revert Staking_ZeroAddress();
        if (leaveBps_ > MAX_LEAVE_BPS) revert Staking_OutOfRange(leaveBps_, 0, MAX_LEAVE_BPS);
        if (tiers_.length == 0 || tiers_.length > MAX_TIERS) revert Staking_OutOfRange(tiers_.length, 1, MAX_TIERS);
        for (uint256 i = 0; i < tiers_.length; i++) {
            if (!_isGood(tiers_, i)) revert Staking_BadTier(i);
            _tiers.push(tiers_[i]);
        }
        (fab, leaveBps) = (fab_, leaveBps_);
        _addRewardToken(fab_);
    }

    /* STAKING */

    /// @inheritdoc IStaking
    function stake(uint256 amount) external override nonReentrant {
        if (amount == 0) revert Staking_ZeroAmount();
        _add(amount);
        IERC20(fab).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IStaking
    function compound() external override nonReentrant returns (uint256 amount) {
        amount = _takeReward(fab, msg.sender);
        if (amount == 0) revert Staking_ZeroAmount();
        emit RewardPaid(msg.sender, fab, address(this), amount);
        _add(amount);
    }

    /// @inheritdoc IStaking
    function unstake(uint256 amount, address to) external override nonReentrant {
        uint256 until = _stakes[msg.sender].lockedUntil;
        if (block.timestamp < until) revert Staking_Locked(until);
        _remove(amount, to, 0);
    }

    /// @inheritdoc IStaking
    function unstakeEarly(uint256 amount, address to) external override nonReentrant {
        bool locked = block.timestamp < _stakes[msg.sender].lockedUntil;
        _remove(amount, to, locked ? leaveBps : 0);
    }

    /* REWARDS */

    /// @inheritdoc IStaking
    function distribute(address token) external override nonReentrant returns (uint256 amount) {
        return _absorb(token);
    }

    /// @inheritdoc IStaking
    function claim(address[] calldata tokens, address to) external override nonReentrant {
        if (to == address(0)) revert Staking_ZeroAddress();
        for (uint256 i = 0; i < tokens.length; i++) {
            uint256 amount = _takeReward(tokens[i], msg.sender);
            if (amount != 0) _payReward(tokens[i], to, amount);
        }
    }

    /// @inheritdoc IStaking
    function addRewardToken(address token) external override onlyOwner {
        _addRewardToken(token);
    }

    /* VIEWS */

    /// @inheritdoc IStaking
    function positionOf(address account) external view override returns (Position memory) {
        Stake memory stake_ = _stakes[account];
        return Position({
            amount: stake_.amount,
            lockedUntil: stake_.lockedUntil,
            tier: tierOf(stake_.amount),
            weight: _weightOf(account),
            votes: _getVotingUnits(account)
        });
    }

    /// @inheritdoc IStaking
    function tiers() external view override returns (Tier[] memory) {
        return _tiers;
    }

    /// @inheritdoc IStaking
    function tierOf(uint256 amount) public view override returns (uint8) {
        uint256 tier = _tiers.length - 1;
        while (amount < _tiers[tier].minAmount) {
            tier--; // the first begins at zero
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8(tier); // at most 15
    }

    /* VOTES */

    /// @notice Seconds since the epoch.
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice That the clock counts seconds.
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @notice Who votes for an account's stake: itself, unless it said otherwise.
    function delegates(address account) public view override returns (address) {
        address delegatee = super.delegates(account);
        return delegatee == address(0) ? account : delegatee;
    }

    /// @dev To nobody is to oneself: `delegates` says the same, and the votes are where it says.
    function _delegate(address account, address delegatee) internal override {
        super._delegate(account, delegatee == address(0) ? account : delegatee);
    }

    function _getVotingUnits(address account) internal view override returns (uint256) {
        return _votes(_stakes[account].amount);
    }

    /* INTERNAL */

    /// @inheritdoc RewardPool
    function _reserved(address token) internal view override returns (uint256) {
        return token == fab ? totalStaked : 0;
    }

    function _add(uint256 amount) private {
        Stake memory stake_ = _stakes[msg.sender];
        uint96 total = (stake_.amount + amount).toUint96();
        uint8 tier = tierOf(total);
        uint256 until = block.timestamp + _tiers[tier].lock;
        // forge-lint: disable-next-line(unsafe-typecast)
        if (until > stake_.lockedUntil) stake_.lockedUntil = uint40(until);
        totalStaked += amount;
        _setStake(stake_, total, tier);
        emit Staked(msg.sender, amount, total, tier, stake_.lockedUntil);
    }

    function _remove(uint256 amount, address to, uint256 costBps) private {
        if (amount == 0) revert Staking_ZeroAmount();
        if (to == address(0)) revert Staking_ZeroAddress();
        Stake memory stake_ = _stakes[msg.sender];
        if (amount > stake_.amount) revert Staking_Insufficient(stake_.amount, amount);
        // At most what is staked.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint96 total = stake_.amount - uint96(amount);
        uint8 tier = tierOf(total);
        uint256 cost = (amount * costBps + BPS - 1) / BPS;
        totalStaked -= amount;
        _setStake(stake_, total, tier);
        emit Unstaked(msg.sender, to, amount, cost, total, tier);
        IERC20(fab).safeTransfer(to, amount - cost);
        // No longer reserved, the cost is found as a reward that came in.
        if (cost != 0) _absorb(fab);
    }

    /// @dev Writes the stake; weight and votes follow.
    function _setStake(Stake memory stake_, uint96 total, uint8 tier) private {
        uint256 before = _votes(stake_.amount);
        stake_.amount = total;
        _stakes[msg.sender] = stake_;
        _setWeight(msg.sender, uint256(total) * _tiers[tier].rewardBps);
        uint256 votes = _votes(total);
        if (votes > before) _transferVotingUnits(address(0), msg.sender, votes - before);
        else _transferVotingUnits(msg.sender, address(0), before - votes);
    }

    function _votes(uint256 amount) private view returns (uint256) {
        return amount * _tiers[tierOf(amount)].votesBps / BPS;
    }

    function _isGood(Tier[] memory list, uint256 i) private pure returns (bool) {
        Tier memory tier = list[i];
        bool ordered = i == 0 ? tier.minAmount == 0 : tier.minAmount > list[i - 1].minAmount;
        bool weighs = tier.rewardBps != 0 && tier.rewardBps <= MAX_MULTIPLIER_BPS;
        return ordered && weighs && tier.votesBps <= MAX_MULTIPLIER_BPS && tier.lock <= MAX_LOCK;
    }
}

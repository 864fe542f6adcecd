// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "../interfaces/IStaking.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title RewardPool
/// @notice Shares rewards in several tokens among accounts by weight, evenly over a period, so that nobody earns by
/// arriving a moment before a reward does.
/// @dev What came in is what the balance grew by: rewards can be pushed, pulled from a ledger, or bought. A token's clock
/// stands still while there is no weight, so nothing is lost then. Sharing calls no token, so no token can block a stake.
///
/// Earnings are kept in 2^-128 base units: an account's `accrued` never exceeds what was received times 2^128, which fits,
/// and no settlement rounds anything away. Only the sum per weight does, by less than the total weight's 2^-128.
abstract contract RewardPool is IStaking {
    using SafeERC20 for IERC20;

    /* TYPES */

    struct Book {
        uint256 perWeight; // 2^-128 base units that a weight of one has earned since the beginning
        // One slot.
        uint128 received;
        uint128 paid;
        // One slot.
        uint128 undistributed;
        uint40 updatedAt;
        uint40 finishAt; // after `updatedAt` while anything is undistributed
        bool known;
    }

    struct Account {
        uint256 perWeight; // of the book, when last settled
        uint256 accrued; // 2^-128 base units
    }

    /* CONSTANTS AND IMMUTABLES */

    /// @dev Bounds the cost of a change of stake.
    uint256 private constant MAX_TOKENS = 8;

    /// @inheritdoc IStaking
    uint32 public immutable override rewardPeriod;

    /* STORAGE */

    /// @inheritdoc IStaking
    uint256 public override totalWeight;

    address[] private _tokens;
    mapping(address token => Book) private _books;
    mapping(address token => mapping(address account => Account)) private _accounts;
    mapping(address account => uint256) private _weights;

    constructor(uint32 rewardPeriod_) {
        if (rewardPeriod_ < 1 hours || rewardPeriod_ > 90 days) {
            revert Staking_OutOfRange(rewardPeriod_, 1 hours, 90 days);
        }
        rewardPeriod = rewardPeriod_;
    }

    /// @notice Takes rewards in the chain's coin.
    receive() external payable {}

    /* VIEWS */

    /// @inheritdoc IStaking
    function claimable(address account, address token) external view override returns (uint256) {
        Book memory book = _known(token);
        _share(book);
        Account memory earner = _accounts[token][account];
        return (earner.accrued + _weights[account] * (book.perWeight - earner.perWeight)) >> 128;
    }

    /// @inheritdoc IStaking
    function rewardState(address token) external view override returns (RewardState memory) {
        Book memory book = _known(token);
        _share(book);
        return RewardState(book.received, book.paid, book.undistributed, book.finishAt);
    }

    /// @inheritdoc IStaking
    function rewardTokens() external view override returns (address[] memory) {
        return _tokens;
    }

    /* INTERNAL */

    /// @dev Base units of `token` here that belong to something else than rewards.
    function _reserved(address token) internal view virtual returns (uint256);

    function _addRewardToken(address token) internal {
        if (_books[token].known) revert Staking_KnownToken(token);
        if (_tokens.length == MAX_TOKENS) revert Staking_TooManyTokens();
        _books[token].known = true;
        _tokens.push(token);
        emit RewardTokenAdded(token);
    }

    /// @dev The new finish is the average of the old and the new reward's, weighted by them: dust cannot put it off.
    function _absorb(address token) internal returns (uint256 amount) {
        Book memory book = _known(token);
        _share(book);
        uint256 balance = token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
        uint256 booked = _reserved(token) + book.received - book.paid;
        // A token that shrank, or prints without end, must not keep a stake from leaving.
        amount = balance > booked ? balance - booked : 0;
        if (amount > type(uint128).max - book.received) amount = type(uint128).max - book.received;
        if (amount != 0) {
            uint256 left = book.finishAt > block.timestamp ? book.finishAt - block.timestamp : 0;
            uint256 total = book.undistributed + amount;
            uint256 average = (book.undistributed * left + amount * rewardPeriod) / total;
            // `amount` fits what 128 bits have left above `received`, and `undistributed` is a part of that.
            // forge-lint: disable-start(unsafe-typecast)
            book.received += uint128(amount);
            book.undistributed = uint128(total);
            book.finishAt = uint40(block.timestamp + average);
            // forge-lint: disable-end(unsafe-typecast)
            emit RewardAdded(token, amount, book.finishAt);
        }
        _books[token] = book;
    }

    /// @dev Gives an account another weight, from now on.
    function _setWeight(address account, uint256 weight) internal {
        uint256 length = _tokens.length;
        for (uint256 i = 0; i < length; i++) {
            _settle(_tokens[i], account);
        }
        totalWeight = totalWeight - _weights[account] + weight;
        _weights[account] = weight;
    }

    /// @dev Takes an account's whole base units of a token out of the books; the caller moves them. The fraction stays.
    function _takeReward(address token, address account) internal returns (uint256 amount) {
        Book storage book = _known(token);
        Account storage earner = _settle(token, account);
        amount = earner.accrued >> 128;
        earner.accrued = uint128(earner.accrued);
        // Nobody earns more than was received.
        // forge-lint: disable-next-line(unsafe-typecast)
        book.paid += uint128(amount);
    }

    function _payReward(address token, address to, uint256 amount) internal {
        emit RewardPaid(msg.sender, token, to, amount);
        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    function _weightOf(address account) internal view returns (uint256) {
        return _weights[account];
    }

    function _known(address token) private view returns (Book storage book) {
        book = _books[token];
        if (!book.known) revert Staking_UnknownToken(token);
    }

    function _settle(address token, address account) private returns (Account storage earner) {
        Book memory book = _books[token];
        _share(book);
        _books[token] = book;
        earner = _accounts[token][account];
        earner.accrued += _weights[account] * (book.perWeight - earner.perWeight);
        earner.perWeight = book.perWeight;
    }

    /// @dev Shares out what is due by now.
    function _share(Book memory book) private view {
        uint256 elapsed = block.timestamp - book.updatedAt;
        // forge-lint: disable-next-line(unsafe-typecast)
        book.updatedAt = uint40(block.timestamp);
        if (book.undistributed == 0) return;
        if (totalWeight == 0) {
            // forge-lint: disable-next-line(unsafe-typecast)
            book.finishAt += uint40(elapsed);
            return;
        }
        uint256 due = book.undistributed;
        uint256 left = book.finishAt - (block.timestamp - elapsed);
        if (elapsed < left) due = due * elapsed / left;
        book.perWeight += (due << 128) / totalWeight;
        // forge-lint: disable-next-line(unsafe-typecast)
        book.undistributed -= uint128(due);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplitter} from "./interfaces/IRevenueSplitter.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title RevenueSplitter
/// @notice Divides the markets' fees; `IRevenueSplitter` says what each call does and for whom.
/// @dev Each purpose's share is computed, rounded down, on all that came in since the shares were last set, and credited by
/// difference: dividing often takes nothing from anybody, and at any time fewer base units are left over than there are
/// purposes. They are divided with what comes next. Whatever arrives counts as revenue, gifts and forced coin included.
contract RevenueSplitter is IRevenueSplitter, Ownable2Step, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* TYPES */

    /// @dev A token's revenue under the shares of one epoch.
    struct Flow {
        uint256 received; // since the epoch began, what was left over before included
        uint256 credited; // of it, to all purposes
        uint256 epoch;
    }

    /* CONSTANTS */

    uint256 private constant PURPOSES = 6;

    /// @dev The treasury's parts are percent.
    uint256 private constant PERCENT = 100;

    /// @dev As the markets' highest fee, in percent.
    uint256 private constant MAX_PARTS = 30;

    /* STORAGE */

    Shares private _shares;
    uint256 private _epoch;
    mapping(address token => Flow flow) private _flows;
    mapping(address token => uint256 amount) private _waiting; // for all purposes

    /// @inheritdoc IRevenueSplitter
    mapping(Purpose purpose => mapping(address token => uint256 amount)) public override creditOf;

    /// @inheritdoc IRevenueSplitter
    mapping(Purpose purpose => address recipient) public override recipientOf;

    /// @param owner_ Decides how revenue is divided, and who receives it.
    /// @param recipients By purpose, in the enumeration's order.
    constructor(address owner_, address[6] memory recipients) Ownable(owner_) {
        for (uint256 i = 0; i < PURPOSES; i++) {
            _setRecipient(Purpose(i), recipients[i]);
        }
        _setShares(
            Shares({protocol: 10, stakers: 5, development: 30, ecosystem: 20, insurance: 20, buyback: 20, reserve: 10})
        );
    }

    /// @notice Markets sweep fees in coin to here.
    receive() external payable {}

    /* CALLS */

    /// @inheritdoc IRevenueSplitter
    function distribute(address token) external override nonReentrant returns (uint256 received) {
        return _distribute(token);
    }

    /// @inheritdoc IRevenueSplitter
    function withdraw(Purpose purpose, address token) external override nonReentrant returns (uint256 amount) {
        _distribute(token);
        amount = creditOf[purpose][token];
        if (amount == 0) return 0;
        creditOf[purpose][token] = 0;
        _waiting[token] -= amount;
        address recipient = recipientOf[purpose];
        emit RevenueWithdrawn(purpose, token, recipient, amount);
        if (token == address(0)) Address.sendValue(payable(recipient), amount);
        else IERC20(token).safeTransfer(recipient, amount);
    }

    /* GOVERNANCE */

    /// @inheritdoc IRevenueSplitter
    function setShares(Shares calldata shares_) external override onlyOwner {
        _setShares(shares_);
    }

    /// @inheritdoc IRevenueSplitter
    function setRecipient(Purpose purpose, address recipient) external override onlyOwner {
        _setRecipient(purpose, recipient);
    }

    /* VIEWS */

    /// @inheritdoc IRevenueSplitter
    function pendingOf(Purpose purpose, address token) external view override returns (uint256) {
        (Flow memory flow, uint256 fresh) = _flow(token);
        (uint256 weight, uint256 total) = _weight(purpose);
        return creditOf[purpose][token] + _difference(flow.received, fresh, weight, total);
    }

    /// @inheritdoc IRevenueSplitter
    function shares() external view override returns (Shares memory) {
        return _shares;
    }

    /* INTERNAL */

    function _distribute(address token) private returns (uint256 fresh) {
        Flow memory flow;
        (flow, fresh) = _flow(token);
        if (fresh == 0) return 0;
        uint256[6] memory credited;
        uint256 sum;
        for (uint256 i = 0; i < PURPOSES; i++) {
            (uint256 weight, uint256 total) = _weight(Purpose(i));
            credited[i] = _difference(flow.received, fresh, weight, total);
            creditOf[Purpose(i)][token] += credited[i];
            sum += credited[i];
        }
        _flows[token] = Flow(flow.received + fresh, flow.credited + sum, flow.epoch);
        _waiting[token] += sum;
        emit RevenueDistributed(token, fresh, credited);
    }

    /// @dev The token's flow under the shares of today, and what came in that is not in it. What an older epoch left over
    /// counts as coming in; a token whose balances shrink brings nothing until it has grown again.
    function _flow(address token) private view returns (Flow memory flow, uint256 fresh) {
        flow = _flows[token];
        if (flow.epoch != _epoch) flow = Flow(0, 0, _epoch);
        uint256 balance = token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
        uint256 known = _waiting[token] + flow.received - flow.credited;
        fresh = balance > known ? balance - known : 0;
    }

    /// @dev What of `fresh` a purpose is due, when `received` was divided before: exact over the sum, rounded down.
    function _difference(uint256 received, uint256 fresh, uint256 weight, uint256 total)
        private
        pure
        returns (uint256)
    {
        return (received + fresh) * weight / total - received * weight / total;
    }

    function _weight(Purpose purpose) private view returns (uint256 weight, uint256 total) {
        Shares memory s = _shares;
        total = (uint256(s.protocol) + s.stakers) * PERCENT;
        if (purpose == Purpose.Stakers) return (s.stakers * PERCENT, total);
        if (purpose == Purpose.Development) return (uint256(s.protocol) * s.development, total);
        if (purpose == Purpose.Ecosystem) return (uint256(s.protocol) * s.ecosystem, total);
        if (purpose == Purpose.Insurance) return (uint256(s.protocol) * s.insurance, total);
        if (purpose == Purpose.Buyback) return (uint256(s.protocol) * s.buyback, total);
        return (uint256(s.protocol) * s.reserve, total);
    }

    function _setShares(Shares memory s) private {
        uint256 parts = uint256(s.protocol) + s.stakers;
        uint256 percent = uint256(s.development) + s.ecosystem + s.insurance + s.buyback + s.reserve;
        if (parts == 0 || parts > MAX_PARTS || percent != PERCENT) revert RevenueSplitter_BadShares();
        _shares = s;
        _epoch += 1;
        emit SharesSet(s);
    }

    function _setRecipient(Purpose purpose, address recipient) private {
        if (recipient == address(0)) revert RevenueSplitter_ZeroAddress();
        recipientOf[purpose] = recipient;
        emit RecipientSet(purpose, recipient);
    }
}

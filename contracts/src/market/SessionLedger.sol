// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";
import {MessageLib} from "../libraries/MessageLib.sol";
import {SettlementLib} from "../libraries/SettlementLib.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";
import {Slot} from "../libraries/SlotLib.sol";
import {MarketAccounts} from "./MarketAccounts.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title SessionLedger
/// @notice The sessions' slots: what changes them, and whose signature is needed for it.
abstract contract SessionLedger is MarketAccounts, EIP712 {
    /// @dev A session whose settled part is at least 1 / this of its deposit owes the cancellation fee.
    uint256 private constant CANCEL_FEE_DIVISOR = 10;

    /// @dev Never deleted: a session that ended keeps its id used.
    mapping(uint256 id => Slot slot) internal _sessions;

    /// @dev Base units kept back by the proof system, outside of the session's deposit.
    mapping(uint256 id => uint96 amount) internal _held;

    constructor() EIP712("Fabstir", "1") {}

    /* VIEWS */

    /// @inheritdoc ISessionMarket
    function sessionIdOf(Terms calldata terms) public view returns (uint256) {
        return uint256(_hashTypedDataV4(MessageLib.hashTerms(terms)));
    }

    /* SETTLING */

    /// @dev Never reverts for what an item says, so that it cannot take the rest of a batch with it.
    function _trySettle(uint256 id, Terms calldata terms, SignedVoucher calldata voucher) internal returns (Reason) {
        Slot slot = _sessions[id];
        if (!slot.isActive()) return Reason.NotActive;
        if (_recoverVoucher(id, voucher) != terms.voucherSigner) return Reason.BadSignature;
        Slot paid = _settle(id, slot, terms, voucher.inputTokens, voucher.outputTokens, voucher.head);
        if (paid.settled() == slot.settled()) return Reason.NothingNew;
        _sessions[id] = paid;
        return Reason.Ok;
    }

    /// @dev Pays up to these cumulative counts, as far as the deposit goes; does nothing if that adds nothing. The caller
    /// stores the slot it gets back.
    function _settle(uint256 id, Slot slot, Terms calldata terms, uint64 inputTokens, uint64 outputTokens, bytes32 head)
        internal
        returns (Slot)
    {
        uint256 target = SettlementLib.paidUpTo(_gross(terms, inputTokens, outputTokens), slot.locked());
        if (target <= slot.settled()) return slot;
        uint256 added = target - slot.settled();
        emit SessionSettled(id, inputTokens, outputTokens, head, added);
        return _pay(slot, terms, added);
    }

    /// @dev Moves `added` of the deposit to the host, the market's fee beside it. The caller stores the slot it gets back.
    function _pay(Slot slot, Terms calldata terms, uint256 added) internal returns (Slot paid) {
        if (added == 0) return slot;
        paid = slot.withSettled(slot.settled() + added);
        uint16 feeBps = terms.feeBps;
        uint256 fee = SettlementLib.feeDown(paid.settled(), feeBps) - SettlementLib.feeDown(slot.settled(), feeBps);
        _creditEarnings(terms.host, terms.token, added - fee, fee);
    }

    function _gross(Terms calldata terms, uint64 inputTokens, uint64 outputTokens) internal pure returns (uint256) {
        return SettlementLib.grossDown(inputTokens, outputTokens, terms.inputPrice, terms.outputPrice);
    }

    /* ENDING */

    function _complete(uint256 id, Slot slot, Terms calldata terms) internal {
        uint256 refund = _end(id, slot, Status.Completed);
        emit SessionJobCompleted(id, slot.settled(), refund);
        _refund(id, terms.renter, terms.token, refund, slot.fromBalance());
    }

    /// @dev Closes the books. After this the deposit is what was settled, and the id stays used.
    function _end(uint256 id, Slot slot, Status status) internal returns (uint256 refund) {
        refund = slot.unspent();
        _sessions[id] = slot.ended(status);
    }

    /// @dev Adds to the deposit. Held money may come back to it, so it counts against the limit too.
    function _raised(uint256 id, Slot slot, address token, uint256 amount) internal view returns (Slot) {
        uint256 max = _limits[token].max;
        uint256 total = uint256(slot.locked()) + _held[id];
        uint256 room = max > total ? max - total : 0;
        if (amount > room) revert SessionMarket_DepositOutOfRange(amount, 0, room);
        return slot.withLocked(slot.locked() + amount);
    }

    /// @dev Takes from what is held; the session may have ended.
    function _takeHeld(Terms calldata terms, uint96 amount) internal returns (uint256 id, Slot slot) {
        id = sessionIdOf(terms);
        uint96 held = _held[id];
        if (amount > held) revert SessionMarket_Insufficient(held, amount);
        _held[id] = held - amount;
        slot = _sessions[id];
    }

    function _expiresAt(Slot slot, Terms calldata terms) internal pure returns (uint256) {
        return terms.expiresAt + uint256(slot.extensionHours()) * 1 hours;
    }

    function _timeoutAt(Slot slot, Terms calldata terms) internal pure returns (uint256) {
        return slot.closingAt() != 0 ? slot.closingAt() : _expiresAt(slot, terms) + terms.grace;
    }

    /// @dev Due to a host that had earned a tenth of the deposit when its renter left early. Nothing unspent, nothing due.
    function _cancellationFee(Slot slot, Terms calldata terms) internal pure returns (uint256) {
        if (!slot.leftEarly() || slot.settled() * CANCEL_FEE_DIVISOR < slot.locked()) return 0;
        return SettlementLib.cancellationFeeDown(slot.unspent(), terms.cancelBps);
    }

    /* CHECKS */

    function _active(Terms calldata terms) internal view returns (uint256 id, Slot slot) {
        id = sessionIdOf(terms);
        slot = _sessions[id];
        if (!slot.isActive()) revert SessionMarket_NotActive(id, slot.status());
    }

    function _checkDeadline(uint256 deadline) internal view {
        if (block.timestamp > deadline) revert SessionMarket_Expired(deadline);
    }

    /// @dev Session keys are plain keys, so that earned money never depends on a contract wallet's later state.
    function _checkSigner(bytes32 structHash, bytes calldata signature, address signer) internal view {
        if (SignatureLib.recover(_hashTypedDataV4(structHash), signature) != signer) {
            revert SessionMarket_BadSignature();
        }
    }

    function _recoverVoucher(uint256 id, SignedVoucher calldata voucher) internal view returns (address) {
        bytes32 structHash = MessageLib.hashVoucher(id, voucher.inputTokens, voucher.outputTokens, voucher.head);
        return SignatureLib.recover(_hashTypedDataV4(structHash), voucher.signature);
    }

    function _checkVoucher(uint256 id, Terms calldata terms, SignedVoucher calldata voucher) internal view {
        if (_recoverVoucher(id, voucher) != terms.voucherSigner) revert SessionMarket_BadSignature();
    }

    /// @dev A renter may be a contract.
    function _checkRenter(address renter, bytes32 digest, bytes calldata signature) internal view {
        if (SignatureLib.recover(digest, signature) == renter) return;
        if (!SignatureLib.isValidERC1271(renter, digest, signature)) revert SessionMarket_BadSignature();
    }

    function _checkCloseRequest(uint256 id, Slot slot, Terms calldata terms, SignedCloseRequest calldata request)
        internal
        view
    {
        if (slot.requestsRevoked()) revert SessionMarket_Unauthorized(msg.sender);
        _checkDeadline(request.deadline);
        bytes32 digest = _hashTypedDataV4(
            MessageLib.hashCloseRequest(id, request.inputTokens, request.outputTokens, request.deadline)
        );
        if (SignatureLib.recover(digest, request.signature) == terms.voucherSigner) return;
        _checkRenter(terms.renter, digest, request.signature);
    }
}

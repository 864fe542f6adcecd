// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title ContractWallet
/// @notice A renter that is a contract: signs by ERC-1271, does what it is told, and takes coin as it is set to.
contract ContractWallet is IERC1271 {
    /// @notice What happens when coin comes in.
    enum Mood {
        Accepting,
        Busy,
        Rejecting,
        BurningGas,
        Bombing,
        Reentering
    }

    /// @notice Payments taken while busy, which costs a storage slot each.
    mapping(uint256 count => uint256 amount) public taken;
    bytes32 public approvedDigest;
    bytes32 public approvedSignature;
    /// @notice What to call while taking coin.
    bytes public data;
    // One slot, so that writing down what happened fits into the gas of a refund.
    address public target;
    Mood public mood;
    /// @notice Whether the call made while taking coin succeeded.
    bool public succeeded;
    /// @notice The error it gave, if not.
    bytes4 public answer;

    /// @notice How coin is taken from now on.
    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @notice What to call while taking coin.
    function arm(address target_, bytes calldata data_) external {
        mood = Mood.Reentering;
        (succeeded, answer) = (false, 0);
        target = target_;
        data = data_;
    }

    /// @notice The one signature that is this wallet's own.
    function approve(bytes32 digest, bytes calldata signature) external {
        approvedDigest = digest;
        approvedSignature = keccak256(signature);
    }

    /// @notice Calls anything.
    function execute(address callee, uint256 value, bytes calldata payload) external returns (bytes memory) {
        (bool ok, bytes memory result) = callee.call{value: value}(payload);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool own = digest == approvedDigest && keccak256(signature) == approvedSignature;
        return own ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    receive() external payable {
        if (mood == Mood.Busy) taken[address(this).balance] = msg.value;
        if (mood == Mood.Rejecting) revert("no, thank you");
        if (mood == Mood.BurningGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mood == Mood.Bombing) {
            assembly ("memory-safe") {
                revert(0, 100000)
            }
        }
        if (mood == Mood.Reentering) {
            (bool ok, bytes memory result) = target.call(data);
            (succeeded, answer) = (ok, bytes4(result));
        }
    }
}

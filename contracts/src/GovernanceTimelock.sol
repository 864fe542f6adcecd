// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IGovernanceTimelock, IPausable} from "./interfaces/IGovernance.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title GovernanceTimelock
/// @notice OpenZeppelin's timelock with an emergency role; `IGovernanceTimelock` says what that can do.
/// @dev Anyone executes what is due. What governance itself decides about a pause takes the place of an emergency.
contract GovernanceTimelock is IGovernanceTimelock, TimelockController {
    /* TYPES */

    struct Emergency {
        uint40 until;
        bool active;
    }

    /* CONSTANTS */

    /// @notice May pause.
    bytes32 public constant EMERGENCY_ROLE = keccak256("EMERGENCY_ROLE");
    /// @notice Longest emergency, and shortest time between two of a contract.
    uint256 public constant MAX_EMERGENCY = 7 days;

    uint256 private constant MIN_DELAY = 1 days;
    uint256 private constant MAX_DELAY = 30 days;

    /* STORAGE */

    mapping(address target => Emergency) private _emergencies;

    /// @param minDelay 1 to 30 days; 2 days by default.
    /// @param admin Hands the roles out at deployment, and then renounces its own; zero for none.
    constructor(uint256 minDelay, address admin)
        TimelockController(minDelay, new address[](0), new address[](0), admin)
    {
        _checkDelay(minDelay);
        _grantRole(EXECUTOR_ROLE, address(0));
    }

    /* EMERGENCY */

    /// @inheritdoc IGovernanceTimelock
    function executeEmergencyAction(string calldata action, address target) external override onlyRole(EMERGENCY_ROLE) {
        if (keccak256(bytes(action)) != keccak256("pause")) revert Timelock_UnknownAction(action);
        uint256 last = _emergencies[target].until;
        if (last != 0 && block.timestamp < last + MAX_EMERGENCY) revert Timelock_Resting(last + MAX_EMERGENCY);
        uint256 until = block.timestamp + MAX_EMERGENCY;
        // forge-lint: disable-next-line(unsafe-typecast)
        _emergencies[target] = Emergency(uint40(until), true);
        emit EmergencyPaused(target, msg.sender, until);
        IPausable(target).pause();
    }

    /// @inheritdoc IGovernanceTimelock
    function endEmergency(address target) external override {
        Emergency storage emergency = _emergencies[target];
        if (!emergency.active) revert Timelock_NoEmergency(target);
        if (block.timestamp < emergency.until) {
            if (!hasRole(EMERGENCY_ROLE, msg.sender)) revert Timelock_NotOver(emergency.until);
            // forge-lint: disable-next-line(unsafe-typecast)
            emergency.until = uint40(block.timestamp);
        }
        emergency.active = false;
        emit EmergencyEnded(target, msg.sender);
        IPausable(target).unpause();
    }

    /// @inheritdoc IGovernanceTimelock
    function emergencyOf(address target) external view override returns (uint256 until, bool active) {
        return (_emergencies[target].until, _emergencies[target].active);
    }

    /* GOVERNANCE */

    /// @notice Sets the delay of operations to come. Caller: this contract.
    function updateDelay(uint256 newDelay) public override {
        _checkDelay(newDelay);
        super.updateDelay(newDelay);
    }

    function _execute(address target, uint256 value, bytes calldata data) internal override {
        // Of fewer bytes than four it is no such function.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes4 selector = bytes4(data);
        if (selector == IPausable.pause.selector || selector == IPausable.unpause.selector) {
            _emergencies[target].active = false;
        }
        super._execute(target, value, data);
    }

    function _checkDelay(uint256 delay) private pure {
        if (delay < MIN_DELAY || delay > MAX_DELAY) revert Timelock_OutOfRange(delay, MIN_DELAY, MAX_DELAY);
    }
}

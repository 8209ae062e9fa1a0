@_exported public import ConsensusCore
@_exported public import StateMachines
@_exported public import UDPRuntime

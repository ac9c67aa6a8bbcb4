package kms

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// keyState is a key's state, as KMS names it
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html).
type keyState struct {
	State types.KeyState `json:"state"`
}

// pending reports whether the key is about to be deleted; a primary key waits for its replicas first.
func (s keyState) pending() bool {
	return s.State == types.KeyStatePendingDeletion || s.State == types.KeyStatePendingReplicaDeletion
}

func readState(ctx context.Context, cfg aws.Config, r action.Resource) (keyState, error) {
	key, err := describe(ctx, cfg, r.ARN)
	if err != nil {
		return keyState{}, err
	}
	return keyState{key.KeyState}, nil
}

// deletionWindow is how long a key waits for its deletion again after an undo: the longest that KMS takes.
const deletionWindow = 30

// stateSteps lead from one of the states to another.
func stateSteps(r action.Resource, from, to keyState) ([]setting.Step[keyState], error) {
	var steps []setting.Step[keyState]
	add := func(operation string, leaves types.KeyState, input map[string]any) {
		input["KeyId"] = r.ARN
		steps = append(steps, setting.Step[keyState]{Operation: operation, Input: input, Leaves: keyState{leaves}})
	}
	if from.pending() {
		add("CancelKeyDeletion", types.KeyStateDisabled, map[string]any{})
		from.State = types.KeyStateDisabled
	}
	switch {
	case to.State == from.State:
	case to.State == types.KeyStateEnabled:
		add("EnableKey", to.State, map[string]any{})
	case to.State == types.KeyStateDisabled:
		add("DisableKey", to.State, map[string]any{})
	default:
		add("ScheduleKeyDeletion", to.State, map[string]any{"PendingWindowInDays": deletionWindow})
	}
	return steps, nil
}

var stateOperations = map[string]setting.Operation{
	"CancelKeyDeletion":   setting.Op(kms.NewFromConfig, (*kms.Client).CancelKeyDeletion),
	"ScheduleKeyDeletion": setting.Op(kms.NewFromConfig, (*kms.Client).ScheduleKeyDeletion),
	"EnableKey":           setting.Op(kms.NewFromConfig, (*kms.Client).EnableKey),
	"DisableKey":          setting.Op(kms.NewFromConfig, (*kms.Client).DisableKey),
}

// NewCancelDeletion returns the action kms.cancel-deletion.
func NewCancelDeletion(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[keyParams, keyState]{
		Spec: action.Spec{
			Name:  "kms.cancel-deletion",
			Title: "Cancel the deletion of a key",
			Description: "Takes back that a key is to be deleted. KMS leaves the key disabled then: `kms.enable-key` makes it usable again. " +
				"The undo has it deleted after 30 days, whatever the time was before.",
			Parameters: json.RawMessage(keySchema),
			Permissions: []string{
				"kms:DescribeKey", "kms:ListResourceTags", "kms:CancelKeyDeletion", "kms:ScheduleKeyDeletion",
			},
			Effect: action.StateChecked,
		},
		Find: findKey, Read: readState,
		Want: func(_ action.Resource, _ keyParams, now keyState) (keyState, string, error) {
			if !now.pending() {
				return now, "Nobody is about to delete it.", nil
			}
			return keyState{types.KeyStateDisabled}, "It is about to be deleted, and what it encrypted can't be read any more then.", nil
		},
		Steps: stateSteps, Operations: stateOperations,
	})
}

// NewEnable returns the action kms.enable-key.
func NewEnable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[keyParams, keyState]{
		Spec: action.Spec{
			Name:        "kms.enable-key",
			Title:       "Enable a key",
			Description: "Makes a key usable that was disabled or is about to be deleted; the deletion is cancelled first. The undo brings either back.",
			Parameters:  json.RawMessage(keySchema),
			Permissions: []string{
				"kms:DescribeKey", "kms:ListResourceTags", "kms:CancelKeyDeletion", "kms:EnableKey",
				"kms:DisableKey", "kms:ScheduleKeyDeletion",
			},
			Effect: action.StateChecked,
		},
		Find: findKey, Read: readState,
		Want: func(_ action.Resource, _ keyParams, now keyState) (keyState, string, error) {
			switch now.State {
			case types.KeyStateEnabled:
				return now, "It is enabled already.", nil
			case types.KeyStateDisabled:
				return keyState{types.KeyStateEnabled}, "It is disabled, so what it encrypted can't be read.", nil
			case types.KeyStatePendingDeletion, types.KeyStatePendingReplicaDeletion:
				return keyState{types.KeyStateEnabled}, "It is about to be deleted, so what it encrypted can't be read.", nil
			default:
				return now, "", setting.Escalation("Its state is " + string(now.State) + ": import its material, or connect its key store.")
			}
		},
		Steps: stateSteps, Operations: stateOperations,
	})
}

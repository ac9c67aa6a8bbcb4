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

// rotation is whether KMS makes new material for a key every year, and whether it can.
type rotation struct {
	Rotates bool           `json:"rotates"`
	State   types.KeyState `json:"state"`
	Origin  string         `json:"origin"`
	Spec    types.KeySpec  `json:"spec"`

	primary string // the region of the key whose replica it is; "" where it is none
}

// can reports whether KMS rotates keys of this kind at all.
func (r rotation) can() bool {
	return r.Spec == types.KeySpecSymmetricDefault && r.Origin == string(types.OriginTypeAwsKms)
}

// NewEnableRotation returns the action kms.enable-rotation.
func NewEnableRotation(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[keyParams, rotation]{
		Spec: action.Spec{
			Name:        "kms.enable-rotation",
			Title:       "Rotate a key every year",
			Description: "Has KMS make new material for a symmetric key every year. What was encrypted before can still be read.",
			Parameters:  json.RawMessage(keySchema),
			Permissions: []string{
				"kms:DescribeKey", "kms:ListResourceTags", "kms:GetKeyRotationStatus", "kms:EnableKeyRotation", "kms:DisableKeyRotation",
			},
			Effect: action.StateChecked,
		},
		Find: findKey,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (rotation, error) {
			key, err := describe(ctx, cfg, r.ARN)
			if err != nil {
				return rotation{}, err
			}
			now := rotation{State: key.KeyState, Origin: string(key.Origin), Spec: key.KeySpec}
			if m := key.MultiRegionConfiguration; m != nil && m.MultiRegionKeyType == types.MultiRegionKeyTypeReplica && m.PrimaryKey != nil {
				now.primary = aws.ToString(m.PrimaryKey.Region)
			}
			if !now.can() {
				return now, nil // KMS may refuse to tell of other keys
			}
			out, err := kms.NewFromConfig(cfg).GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &r.ARN})
			if err != nil {
				return now, awscall.Fault(err, "kms:GetKeyRotationStatus", "see whether the key %s rotates", r.Name)
			}
			now.Rotates = out.KeyRotationEnabled
			return now, nil
		},
		Want: wantRotation,
		Steps: func(r action.Resource, _, to rotation) ([]setting.Step[rotation], error) {
			operation := "DisableKeyRotation"
			if to.Rotates {
				operation = "EnableKeyRotation"
			}
			return []setting.Step[rotation]{{Operation: operation, Input: map[string]string{"KeyId": r.ARN}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableKeyRotation":  setting.Op(kms.NewFromConfig, (*kms.Client).EnableKeyRotation),
			"DisableKeyRotation": setting.Op(kms.NewFromConfig, (*kms.Client).DisableKeyRotation),
		},
	})
}

func wantRotation(_ action.Resource, _ keyParams, now rotation) (rotation, string, error) {
	switch {
	case now.Rotates:
		return now, "It rotates already.", nil
	case !now.can():
		return now, "", setting.Escalation("KMS rotates symmetric keys only whose material it made itself: rotate it by hand, with a new key and its alias.")
	case now.primary != "":
		return now, "", setting.Escalation("It is a replica, which rotates with its primary key: enable the rotation of that, in " + now.primary + ".")
	case now.State != types.KeyStateEnabled:
		return now, "", setting.Escalation("Its state is " + string(now.State) + ": enable it first.")
	}
	now.Rotates = true
	return now, "It keeps the same material for ever.", nil
}

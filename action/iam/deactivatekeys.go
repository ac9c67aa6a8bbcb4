package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// keys are a user's access keys, by id.
type keys struct {
	Keys map[string]types.StatusType `json:"keys,omitempty"`
}

func readKeys(ctx context.Context, cfg aws.Config, r action.Resource) (keys, error) {
	now := keys{Keys: map[string]types.StatusType{}}
	name := nameIn(r.ARN)
	pages := iam.NewListAccessKeysPaginator(iam.NewFromConfig(cfg), &iam.ListAccessKeysInput{UserName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "iam:ListAccessKeys", "list the access keys of %s", name)
		}
		for _, k := range page.AccessKeyMetadata {
			now.Keys[aws.ToString(k.AccessKeyId)] = k.Status
		}
	}
	return now, nil
}

func keySteps(r action.Resource, from, to keys) ([]setting.Step[keys], error) {
	var steps []setting.Step[keys]
	for _, id := range slices.Sorted(maps.Keys(to.Keys)) {
		status := to.Keys[id]
		if from.Keys[id] == status {
			continue
		}
		from.Keys = maps.Clone(from.Keys)
		from.Keys[id] = status
		steps = append(steps, setting.Step[keys]{
			Operation: "UpdateAccessKey", Leaves: from,
			Input: map[string]string{"UserName": nameIn(r.ARN), "AccessKeyId": id, "Status": string(status)},
		})
	}
	return steps, nil
}

// NewDeactivateAllAccessKeys returns the action iam.deactivate-all-access-keys.
func NewDeactivateAllAccessKeys(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[userParams, keys]{
		Spec: action.Spec{
			Name:  "iam.deactivate-all-access-keys",
			Title: "Deactivate all access keys of a user",
			Description: "Makes every long-term access key of a user inactive, so that nothing can be signed with them any more. Sessions that were " +
				"had with them go on: revoke them with `iam.revoke-sessions`. The undo activates those that were active.",
			Parameters:  json.RawMessage(userSchema),
			Permissions: []string{"iam:GetUser", "iam:ListAccessKeys", "iam:UpdateAccessKey"},
			Effect:      action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findUser, Leave: leaveEntity, Read: readKeys,
		Want: func(_ action.Resource, _ userParams, now keys) (keys, string, error) {
			want, active := keys{Keys: map[string]types.StatusType{}}, 0
			for id, status := range now.Keys {
				want.Keys[id] = types.StatusTypeInactive
				if status != types.StatusTypeInactive {
					active++
				}
			}
			if active == 0 {
				return now, "None of its access keys is active.", nil
			}
			return want, fmt.Sprintf("Whoever has one of its %d active access keys acts as this user.", active), nil
		},
		Steps:      keySteps,
		Operations: map[string]setting.Operation{"UpdateAccessKey": op((*iam.Client).UpdateAccessKey)},
	})
}

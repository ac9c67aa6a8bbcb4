package iam

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// trustEventParams are the event, with what was found out beside it.
type trustEventParams struct {
	Event  json.RawMessage `json:"event"`
	before json.RawMessage // the trust policy that the last earlier event left; nil: not known
}

// trustEvent is what a record tells of a role's trust policy.
type trustEvent struct {
	awscall.Change[json.RawMessage]
	role    string
	refused bool
}

func parseTrustEvent(raw json.RawMessage) (trustEvent, error) {
	var record struct {
		ID      string    `json:"eventID"`
		Name    string    `json:"eventName"`
		Time    time.Time `json:"eventTime"`
		Error   string    `json:"errorCode"`
		Request struct {
			Role    string `json:"roleName"`
			Policy  string `json:"policyDocument"`
			AtFirst string `json:"assumeRolePolicyDocument"`
		} `json:"requestParameters"`
	}
	wrong := func(format string, args ...any) (trustEvent, error) {
		return trustEvent{}, fault.New(fault.Invalid, "the event "+format, args...).
			WithHint(awscall.EventHint)
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return wrong("is not a CloudTrail record: %v", err)
	}
	document := map[string]string{"UpdateAssumeRolePolicy": record.Request.Policy, "CreateRole": record.Request.AtFirst}[record.Name]
	text, err := json.Marshal(document)
	if err != nil {
		return wrong("can't be read: %v", err)
	}
	left, err := givenDocument(text)
	if err != nil || record.Request.Role == "" {
		return wrong("is of %.100q and does not give a role a trust policy", record.Name)
	}
	change := awscall.Change[json.RawMessage]{ID: record.ID, At: record.Time, Created: record.Name == "CreateRole", Left: left}
	return trustEvent{change, record.Request.Role, record.Error != ""}, nil
}

// NewRevertTrustPolicy returns the action iam.revert-trust-policy.
func NewRevertTrustPolicy(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[trustEventParams, state]{
		Spec: action.Spec{
			Name:  "iam.revert-trust-policy",
			Title: "Take back what an event did to a role's trust policy",
			Description: "Puts the policy that says who may assume a role back to what the last earlier event in CloudTrail's history of 90 days made it, " +
				"or, where there is none, to what AWS Config recorded. Where neither tells, or somebody changed it since, that is left to people. Sessions that began meanwhile go on: revoke them with " +
				"`iam.revoke-sessions`.",
			Parameters:  awscall.EventSchema("UpdateAssumeRolePolicy"),
			Permissions: append([]string{"iam:GetRole", "iam:UpdateAssumeRolePolicy", "cloudtrail:LookupEvents"}, awscall.RecordedPermissions...),
			Effect:      action.StateChecked, Evidence: action.EventEvidence,
		},
		Complete: trustBefore,
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p trustEventParams) ([]action.Resource, error) {
			e, err := parseTrustEvent(p.Event)
			if err != nil {
				return nil, err
			}
			r, err := lookUp(ctx, iam.NewFromConfig(atHome(cfg, req)), principal{kind: roleType, name: e.role}, req)
			return []action.Resource{r}, err
		},
		Leave:      leaveEntity,
		Read:       readTrust,
		Want:       wantTrustBefore,
		Steps:      trustSteps,
		Operations: map[string]setting.Operation{"UpdateAssumeRolePolicy": op((*iam.Client).UpdateAssumeRolePolicy)},
		Same:       sameTrust,
	})
}

func wantTrustBefore(_ action.Resource, p trustEventParams, now state) (state, string, error) {
	e, err := parseTrustEvent(p.Event)
	before := state{p.before}
	switch {
	case err != nil:
		return now, "", err
	case e.refused:
		return now, "The event's call changed nothing.", nil
	case p.before != nil && sameTrust(before, now):
		return now, "Its trust policy is as it was before the event already.", nil
	case !sameTrust(state{e.Left}, now):
		return now, "", setting.Escalation("Somebody changed its trust policy since the event. Look at who did, and at who may assume it now.")
	case p.before == nil:
		return now, "", setting.Escalation("The event doesn't tell what its trust policy was before, nor do CloudTrail's history and AWS Config. " +
			"Look it up in the template that made the role, or take the other account out of it, now.")
	}
	return before, "The event's call changed its trust policy; what that was before, the history tells.", nil
}

// trustBefore looks for the last earlier event that gave the role a trust policy.
func trustBefore(ctx context.Context, cfg aws.Config, req action.Request, p trustEventParams) (trustEventParams, error) {
	e, err := parseTrustEvent(p.Event)
	if err != nil || e.refused {
		return p, err
	}
	before, err := awscall.LeftBefore(ctx, atHome(cfg, req), e.role, e.Change, func(record json.RawMessage) (awscall.Change[json.RawMessage], bool) {
		earlier, err := parseTrustEvent(record)
		return earlier.Change, err == nil && !earlier.refused && earlier.role == e.role
	}, func() (*json.RawMessage, error) { return recordedTrust(ctx, atHome(cfg, req), e) })
	if before != nil {
		p.before = *before
	}
	return p, err
}

// recordedTrust is the trust policy of the role as AWS Config has recorded it before the event; nil where it has not.
func recordedTrust(ctx context.Context, cfg aws.Config, e trustEvent) (*json.RawMessage, error) {
	role, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &e.role})
	if err != nil {
		err = awscall.Fault(err, "iam:GetRole", "read the role %s", e.role)
		if fault.CodeOf(err) == fault.NotFound {
			err = nil // Find says so
		}
		return nil, err
	}
	item, err := awscall.Recorded(ctx, cfg, configtypes.ResourceTypeRole, aws.ToString(role.Role.RoleId), e.At)
	if err != nil || item == nil {
		return nil, err
	}
	var recorded struct {
		Trust string `json:"assumeRolePolicyDocument"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(item.Configuration)), &recorded); err != nil {
		return nil, fault.New(fault.Internal, "what AWS Config has recorded of the role %s can't be read: %w", e.role, err)
	}
	document, err := decodeDocument(recorded.Trust, "trust policy of "+e.role+" that AWS Config has recorded")
	return &document, err
}

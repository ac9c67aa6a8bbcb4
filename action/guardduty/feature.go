package guardduty

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type featureParams struct {
	Features []types.DetectorFeatureResult `json:"features"`
}

// protection is what the detector looks at beside what it always does.
type protection struct {
	Features map[types.DetectorFeatureResult]types.FeatureStatus `json:"features"`

	detector string // id
	left     string // why it is not to be changed here
}

// features are those that the action turns on.
var features = []types.DetectorFeatureResult{
	types.DetectorFeatureResultS3DataEvents, types.DetectorFeatureResultEksAuditLogs, types.DetectorFeatureResultEbsMalwareProtection,
	types.DetectorFeatureResultRdsLoginEvents, types.DetectorFeatureResultLambdaNetworkLogs, types.DetectorFeatureResultRuntimeMonitoring,
}

// foundational are on as long as the detector is.
var foundational = []types.DetectorFeatureResult{
	types.DetectorFeatureResultFlowLogs, types.DetectorFeatureResultCloudTrail, types.DetectorFeatureResultDnsLogs,
}

// malwareService is the service whose role reads volumes.
const malwareService = "malware-protection.guardduty.amazonaws.com"

// NewEnableFeature returns the action guardduty.enable-feature.
func NewEnableFeature(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[featureParams, protection]{
		Spec: action.Spec{
			Name:  "guardduty.enable-feature",
			Title: "Have GuardDuty look at more",
			Description: "Turns protection plans of the detector of the account in the region on; others stay as they are. Each costs by what it looks at, after a free month. " +
				"RUNTIME_MONITORING sees only where its agent runs, whose installation stays as it is set. Where an administrator account manages the " +
				"detector, or GuardDuty itself is off, it is left to people. The undo turns off what it turned on.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["features"],
  "properties": {"features": {"type": "array", "minItems": 1, "uniqueItems": true, "description": "what GuardDuty is to look at", "items": {"enum": [
    "S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS", "RUNTIME_MONITORING"
  ]}}}
}`),
			Permissions: []string{
				"guardduty:ListDetectors", "guardduty:GetDetector", "guardduty:GetAdministratorAccount", "guardduty:UpdateDetector", "iam:CreateServiceLinkedRole",
			},
			Within: map[string]action.Limit{"iam:CreateServiceLinkedRole": action.LinkedRole(malwareService)},
			Effect: action.StateChecked,
		},
		Find: func(_ context.Context, _ aws.Config, req action.Request, p featureParams) ([]action.Resource, error) {
			unknown := slices.IndexFunc(p.Features, func(f types.DetectorFeatureResult) bool { return !slices.Contains(features, f) })
			switch {
			case len(p.Features) == 0:
				return nil, fault.New(fault.Invalid, "features is missing or empty").WithHint(`give {"features": ["S3_DATA_EVENTS"]}`)
			case unknown >= 0:
				return nil, fault.New(fault.Invalid, "%.50q is no feature that riposte turns on", p.Features[unknown]).
					WithHint("`riposte actions show guardduty.enable-feature` lists them")
			}
			return []action.Resource{awscall.Account(req)}, nil
		},
		Read: readProtection, Want: wantProtection, Steps: protectionSteps,
		Operations: map[string]setting.Operation{"UpdateDetector": setting.Op(guardduty.NewFromConfig, (*guardduty.Client).UpdateDetector)},
	})
}

func readProtection(ctx context.Context, cfg aws.Config, r action.Resource) (protection, error) {
	now := protection{Features: map[types.DetectorFeatureResult]types.FeatureStatus{}}
	id, detector, err := detectorOf(ctx, cfg, r)
	switch {
	case err != nil:
		return now, err
	case detector == nil || detector.Status != types.DetectorStatusEnabled:
		now.left = "GuardDuty itself is off there: turn it on first, by guardduty.enable."
		return now, nil
	}
	now.detector = id
	for _, f := range detector.Features {
		if !slices.Contains(foundational, f.Name) {
			now.Features[f.Name] = f.Status
		}
	}
	administrator, err := administratorOf(ctx, cfg, r, id)
	if administrator != "" {
		now.left = "Account " + administrator + " manages its detector: have that account turn it on there."
	}
	return now, err
}

func wantProtection(_ action.Resource, p featureParams, now protection) (protection, string, error) {
	want, off := protection{Features: map[types.DetectorFeatureResult]types.FeatureStatus{}}, []string{}
	for name, status := range now.Features {
		want.Features[name] = status
	}
	for _, name := range p.Features {
		if now.Features[name] != types.FeatureStatusEnabled && !slices.Contains(off, string(name)) {
			off = append(off, string(name))
		}
		want.Features[name] = types.FeatureStatusEnabled
	}
	list := strings.Join(off, ", ")
	switch {
	case len(off) == 0:
		return now, "GuardDuty looks at that already.", nil
	case now.left != "":
		return now, "", setting.Escalation(now.left)
	case slices.ContainsFunc(off, func(name string) bool { return now.Features[types.DetectorFeatureResult(name)] == "" }):
		return now, "", setting.Escalation("GuardDuty does not offer all of " + list + " in the region: see which it does.")
	case want.Features[types.DetectorFeatureResultRuntimeMonitoring] == types.FeatureStatusEnabled &&
		want.Features[types.DetectorFeatureResultEksRuntimeMonitoring] == types.FeatureStatusEnabled:
		return now, "", setting.Escalation("EKS_RUNTIME_MONITORING is on, which RUNTIME_MONITORING replaces: turn that off first, and see that its agents stay.")
	}
	return want, "GuardDuty does not look at " + list + ".", nil
}

// protectionSteps is the one call that changes what differs.
func protectionSteps(_ action.Resource, from, to protection) ([]setting.Step[protection], error) {
	var change []map[string]any
	for _, name := range features {
		if from.Features[name] != to.Features[name] {
			change = append(change, map[string]any{"Name": name, "Status": to.Features[name]})
		}
	}
	return []setting.Step[protection]{{Operation: "UpdateDetector", Input: map[string]any{"DetectorId": from.detector, "Features": change}, Leaves: to}}, nil
}

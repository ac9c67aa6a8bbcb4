// Package guardduty has the actions on Amazon GuardDuty. An account has one detector in a region; detector.go has what the
// actions share.
package guardduty

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

func findAccount[P any](_ context.Context, _ aws.Config, req action.Request, _ P) ([]action.Resource, error) {
	return []action.Resource{awscall.Account(req)}, nil
}

// detectorOf returns the detector of the account in the region with its id; nil where it has none.
func detectorOf(ctx context.Context, cfg aws.Config, r action.Resource) (string, *guardduty.GetDetectorOutput, error) {
	client := guardduty.NewFromConfig(cfg)
	ids, err := client.ListDetectors(ctx, &guardduty.ListDetectorsInput{})
	if err != nil {
		return "", nil, awscall.Fault(err, "guardduty:ListDetectors", "look for a detector in %s", r.Region)
	}
	if len(ids.DetectorIds) == 0 {
		return "", nil, nil
	}
	id := ids.DetectorIds[0]
	out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &id})
	if err != nil {
		return "", nil, awscall.Fault(err, "guardduty:GetDetector", "look at the detector in %s", r.Region)
	}
	return id, out, nil
}

// administratorOf returns the account that manages the detector; "" where it is its own.
func administratorOf(ctx context.Context, cfg aws.Config, r action.Resource, id string) (string, error) {
	out, err := guardduty.NewFromConfig(cfg).GetAdministratorAccount(ctx, &guardduty.GetAdministratorAccountInput{DetectorId: &id})
	if err != nil {
		return "", awscall.Fault(err, "guardduty:GetAdministratorAccount", "see who manages GuardDuty in %s", r.Region)
	}
	if out.Administrator == nil || aws.ToString(out.Administrator.RelationshipStatus) != "Enabled" {
		return "", nil
	}
	return aws.ToString(out.Administrator.AccountId), nil
}

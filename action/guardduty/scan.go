package guardduty

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// scan is whether GuardDuty has begun to search an instance for malware since then.
type scan struct {
	Since   string `json:"since"`
	Started bool   `json:"scan_started"`

	on     bool      // GuardDuty
	latest time.Time // the latest scan's start; zero for none
	status string    // its status, with the result or the reason
}

// scanEvery is how long GuardDuty takes no other scan of an instance
// (https://docs.aws.amazon.com/guardduty/latest/ug/initiate-on-demand-scan-on-same-resource.html).
const scanEvery = time.Hour

// NewStartMalwareScan returns the action guardduty.start-malware-scan.
func NewStartMalwareScan(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[awscall.ScanParams, scan]{
		Spec: action.Spec{
			Name:  "guardduty.start-malware-scan",
			Title: "Search an instance for malware",
			Description: "Has GuardDuty search the volumes of an instance for malware. GuardDuty reads snapshots that it makes of them and deletes again; the instance goes on, and " +
				"notices nothing, which works when it is isolated or stopped, too. What is found becomes a finding of GuardDuty, which can take hours and is not waited for. It " +
				"costs by the gigabyte. GuardDuty takes one scan of an instance an hour: where one was started shortly before, it is left to people.",
			Parameters: json.RawMessage(awscall.ScanSchema),
			Permissions: []string{
				"ec2:DescribeInstances", "guardduty:ListDetectors", "guardduty:GetDetector", "guardduty:DescribeMalwareScans",
				"guardduty:StartMalwareScan", "iam:CreateServiceLinkedRole",
			},
			Within:       map[string]action.Limit{"iam:CreateServiceLinkedRole": action.LinkedRole(malwareService)},
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			Irreversible: "a scan changes nothing on the instance, and what it costs is spent",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p awscall.ScanParams) ([]action.Resource, error) {
			return p.Find(ctx, cfg, req, caller.Now())
		},
		Leave: func(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
			if r.Tags["GuardDutyExcluded"] == "true" {
				return "Its tag GuardDutyExcluded has GuardDuty skip it: have its owner take that off.", nil
			}
			return "", nil
		},
		Read: readMalwareScan,
		Want: func(_ action.Resource, _ awscall.ScanParams, now scan) (scan, string, error) {
			at := now.latest.UTC().Format(time.RFC3339)
			switch next := now.latest.Add(scanEvery); {
			case now.Started:
				return now, "A scan of it was started at " + at + " (" + now.status + ").", nil
			case !now.on:
				return now, "", setting.Escalation("GuardDuty is off there: turn it on first, by guardduty.enable.")
			case next.After(caller.Now()):
				return now, "", setting.Escalation("A scan of it was started at " + at + " (" + now.status + "), and GuardDuty takes the next one at " +
					next.UTC().Format(time.RFC3339) + ": look at what that one found, and start another one then.")
			}
			return scan{Since: now.Since, Started: true}, "No scan of it was started since then.", nil
		},
		Steps: func(r action.Resource, _, to scan) ([]setting.Step[scan], error) {
			return []setting.Step[scan]{{Operation: "StartMalwareScan", Input: map[string]any{"ResourceArn": r.ARN}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"StartMalwareScan": setting.Op(guardduty.NewFromConfig, (*guardduty.Client).StartMalwareScan)},
	})
}

// readMalwareScan looks for the latest scan of the instance. The resource's name says since when one is enough.
func readMalwareScan(ctx context.Context, cfg aws.Config, r action.Resource) (scan, error) {
	_, since, err := awscall.ScanOf(r)
	if err != nil {
		return scan{}, err
	}
	now := scan{Since: since.Format(time.RFC3339)}
	id, detector, err := detectorOf(ctx, cfg, r)
	if err != nil || detector == nil {
		return now, err
	}
	now.on = detector.Status == types.DetectorStatusEnabled
	pages := guardduty.NewDescribeMalwareScansPaginator(guardduty.NewFromConfig(cfg), &guardduty.DescribeMalwareScansInput{
		DetectorId: &id, FilterCriteria: &types.FilterCriteria{FilterCriterion: []types.FilterCriterion{
			{CriterionKey: types.CriterionKeyEc2InstanceArn, FilterCondition: &types.FilterCondition{EqualsValue: &r.ARN}},
		}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "guardduty:DescribeMalwareScans", "look for scans of %s", r.ARN)
		}
		for _, s := range page.Scans {
			if start := aws.ToTime(s.ScanStartTime); start.After(now.latest) {
				now.latest, now.status = start, describeScan(s)
				now.Started = !start.Before(since) && s.ScanStatus != types.ScanStatusFailed && s.ScanStatus != types.ScanStatusSkipped
			}
		}
	}
	return now, nil
}

func describeScan(s types.Scan) string {
	text := string(s.ScanStatus)
	if s.ScanResultDetails != nil && s.ScanResultDetails.ScanResult != "" {
		text += ", " + string(s.ScanResultDetails.ScanResult)
	}
	if reason := aws.ToString(s.FailureReason); reason != "" {
		text += ", " + reason
	}
	return text
}

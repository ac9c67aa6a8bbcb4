package inspector

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// scan is whether an instance has told Inspector since then what software is on it.
type scan struct {
	Since   string `json:"since"`
	Scanned bool   `json:"scanned"`

	associations []string // ids of those by which it tells
	left         string   // why Inspector doesn't ask it
}

// Inspector scans what the agents list when these associations of Systems Manager run, each 30 minutes or 6 hours. Where the account
// had one of its own that lists the software of all instances, Inspector uses that
// (https://docs.aws.amazon.com/inspector/latest/user/scanning-ec2.html).
const inventoryDocument = "AWS-GatherSoftwareInventory"

var associationNames = []string{
	"InspectorInventoryCollection-do-not-delete", "InvokeInspectorLinuxSsmPlugin-do-not-delete", "InvokeInspectorSsmPlugin-do-not-delete",
}

// maxAssociations is how many one call starts.
const maxAssociations = 10

// NewStartScan returns the action inspector.start-scan.
func NewStartScan(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[awscall.ScanParams, scan]{
		Spec: action.Spec{
			Name:  "inspector.start-scan",
			Title: "Have Inspector scan an instance now",
			Description: "Has Inspector look for vulnerable packages on an instance as it is now. Inspector has no call that scans one instance; this starts the " +
				"associations of Systems Manager by which agents list their software, and Inspector scans what has changed, and tells of it as always. They run on all " +
				"instances that they are for, as they do each half hour anyway, which changes nothing there and costs nothing more. It is no search for " +
				"malware, and sees only what the agent says. An instance that no agent lists is left to people: Inspector reads its volumes once a day at most.",
			Parameters:   json.RawMessage(awscall.ScanSchema),
			Permissions:  []string{"ec2:DescribeInstances", "inspector2:ListCoverage", "ssm:DescribeInstanceAssociationsStatus", "ssm:StartAssociationsOnce"},
			Effect:       action.StateChecked,
			Evidence:     action.StateEvidence,
			Irreversible: "it changes nothing but what Inspector knows",
			TakesSeconds: 900,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p awscall.ScanParams) ([]action.Resource, error) {
			return p.Find(ctx, cfg, req, caller.Now())
		},
		Read: readScan,
		Want: func(_ action.Resource, _ awscall.ScanParams, now scan) (scan, string, error) {
			switch {
			case now.Scanned:
				return now, "Its software was listed for Inspector since then.", nil
			case now.left != "":
				return now, "", setting.Escalation(now.left)
			}
			return scan{Since: now.Since, Scanned: true}, "Its software was not listed for Inspector since then.", nil
		},
		Steps: func(_ action.Resource, from, to scan) ([]setting.Step[scan], error) {
			return []setting.Step[scan]{{Operation: "ssm:StartAssociationsOnce", Input: map[string]any{"AssociationIds": from.associations}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"ssm:StartAssociationsOnce": setting.Op(ssm.NewFromConfig, (*ssm.Client).StartAssociationsOnce)},
	})
}

// readScan looks when the associations have last run on the instance with success. The resource's name says since when.
func readScan(ctx context.Context, cfg aws.Config, r action.Resource) (scan, error) {
	instance, since, err := awscall.ScanOf(r)
	if err != nil {
		return scan{}, err
	}
	now := scan{Since: since.Format(time.RFC3339)}
	left, err := whyUnscanned(ctx, cfg, instance)
	if err != nil || left != "" {
		now.left = left
		return now, err
	}
	pages := ssm.NewDescribeInstanceAssociationsStatusPaginator(ssm.NewFromConfig(cfg), &ssm.DescribeInstanceAssociationsStatusInput{InstanceId: &instance})
	now.Scanned = true
	for pages.HasMorePages() && len(now.associations) < maxAssociations {
		page, err := pages.NextPage(ctx)
		var unmanaged *ssmtypes.InvalidInstanceId
		if errors.As(err, &unmanaged) {
			break
		}
		if err != nil {
			return now, awscall.Fault(err, "ssm:DescribeInstanceAssociationsStatus", "see when %s listed its software", instance)
		}
		for _, a := range page.InstanceAssociationStatusInfos {
			if aws.ToString(a.Name) != inventoryDocument && !slices.Contains(associationNames, aws.ToString(a.AssociationName)) {
				continue
			}
			now.associations = append(now.associations, aws.ToString(a.AssociationId))
			now.Scanned = now.Scanned && aws.ToString(a.Status) == "Success" && !aws.ToTime(a.ExecutionDate).Before(since)
		}
	}
	if now.associations == nil {
		now.Scanned, now.left = false, "No association of Systems Manager lists its software, so Inspector can only read its volumes, once a day: "+
			"see whether its agent runs, and whether there is "+associationNames[0]+", which Inspector makes again by itself."
	}
	return now, nil
}

// whyUnscanned is why Inspector does not ask the instance what is on it, and what people should do; "" where it does, or would once it
// got an answer.
func whyUnscanned(ctx context.Context, cfg aws.Config, instance string) (string, error) {
	out, err := inspector2.NewFromConfig(cfg).ListCoverage(ctx, &inspector2.ListCoverageInput{FilterCriteria: &types.CoverageFilterCriteria{
		ResourceId:   []types.CoverageStringFilter{{Comparison: types.CoverageStringComparisonEquals, Value: &instance}},
		ResourceType: []types.CoverageStringFilter{{Comparison: types.CoverageStringComparisonEquals, Value: aws.String("AWS_EC2_INSTANCE")}},
	}})
	if err != nil {
		return "", awscall.Fault(err, "inspector2:ListCoverage", "see whether Inspector scans %s", instance)
	}
	why := "Inspector does not scan instances there: turn it on by inspector.enable."
	for _, c := range out.CoveredResources {
		if c.ScanType != types.ScanTypePackage || c.ScanStatus == nil {
			continue
		}
		switch reason := c.ScanStatus.Reason; {
		case c.ScanStatus.StatusCode == types.ScanStatusCodeActive, reason == types.ScanStatusReasonNoInventory, reason == types.ScanStatusReasonStaleInventory:
			return "", nil
		case reason == types.ScanStatusReasonUnmanagedEc2Instance:
			why = "Systems Manager does not manage it, so Inspector can't scan it: its agent must run, with a role that has the policy AmazonSSMManagedInstanceCore."
		case reason == types.ScanStatusReasonEc2InstanceStopped:
			why = "It is stopped; Inspector scans it when it is started."
		case reason == types.ScanStatusReasonExcludedByTag:
			why = "Its tag InspectorEc2Exclusion keeps Inspector away: have its owner take that off."
		default:
			why = "Inspector does not scan it (" + string(reason) + "): see its page in Inspector's resource coverage."
		}
	}
	return why, nil
}

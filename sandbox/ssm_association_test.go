package sandbox_test

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	inspectortypes "github.com/aws/aws-sdk-go-v2/service/inspector2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/sandbox"
)

// launched is an instance that runs; with a profile, Systems Manager manages it.
func (w *world) launched(t *testing.T, region string, profile bool) string {
	t.Helper()
	client := ec2.NewFromConfig(w.config(w.root, region))
	out, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	must(t, err)
	if profile {
		_, err = client.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{
			InstanceId: out.Instances[0].InstanceId, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("managed")},
		})
		must(t, err)
	}
	return *out.Instances[0].InstanceId
}

// Inspector learns what software there is by associations, and says of which
// instances it does.
func TestInspectorsAssociations(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	const region = "eu-west-1"
	cfg := w.config(w.root, region)
	scans, manager := inspector2.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	covered := func() map[string]string {
		out, err := scans.ListCoverage(ctx, &inspector2.ListCoverageInput{})
		must(t, err)
		found := map[string]string{}
		for _, r := range out.CoveredResources {
			found[*r.ResourceId] = string(r.ScanStatus.StatusCode) + " " + string(r.ScanStatus.Reason)
		}
		return found
	}
	id, other := w.launched(t, region, true), w.launched(t, region, false)
	if got := covered(); len(got) > 0 {
		t.Errorf("Inspector is off and covers %v", got)
	}
	_, err := scans.Enable(ctx, &inspector2.EnableInput{ResourceTypes: []inspectortypes.ResourceScanType{"EC2", "ECR"}})
	must(t, err)
	if got := covered(); !maps.Equal(got, map[string]string{id: "ACTIVE SUCCESSFUL", other: "INACTIVE UNMANAGED_EC2_INSTANCE"}) {
		t.Errorf("it covers %v", got)
	}
	_, err = ec2.NewFromConfig(cfg).CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: aws.String("InspectorEc2Exclusion"), Value: aws.String("")}}})
	must(t, err)
	only := w.cli(region, "inspector2", "list-coverage", "--filter-criteria", `{"resourceId":[{"comparison":"EQUALS","value":"`+id+`"}]}`,
		"--query", "coveredResources[].scanStatus.reason", "--output", "text")
	if only != "EXCLUDED_BY_TAG" {
		t.Errorf("the one with the tag is %s", only)
	}
	associations := func() []types.InstanceAssociationStatusInfo {
		out, err := manager.DescribeInstanceAssociationsStatus(ctx, &ssm.DescribeInstanceAssociationsStatusInput{InstanceId: &id})
		must(t, err)
		return out.InstanceAssociationStatusInfos
	}
	before := associations()
	if len(before) != 2 || *before[0].AssociationName != "InspectorInventoryCollection-do-not-delete" || *before[0].Status != "Pending" || before[0].ExecutionDate != nil {
		t.Fatalf("the associations are %+v", before)
	}
	w.cli(region, "ssm", "start-associations-once", "--association-ids", *before[0].AssociationId)
	if after := associations(); after[0].ExecutionDate == nil || *after[0].Status != "Success" || after[1].ExecutionDate != nil {
		t.Errorf("they ran at %v (%s) and %v", after[0].ExecutionDate, *after[0].Status, after[1].ExecutionDate)
	}
	_, err = scans.Disable(ctx, &inspector2.DisableInput{ResourceTypes: []inspectortypes.ResourceScanType{"EC2"}})
	must(t, err)
	if got := associations(); len(got) > 0 {
		t.Errorf("without Inspector there are %+v", got)
	}
}

func TestAssociations(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ssm.NewFromConfig(w.config(w.root, "eu-west-1"))
	create := func(document string, targets ...types.Target) (string, error) {
		out, err := client.CreateAssociation(ctx, &ssm.CreateAssociationInput{Name: &document, Targets: targets})
		if err != nil {
			return "", err
		}
		return *out.AssociationDescription.AssociationId, nil
	}
	id, unmanaged := w.launched(t, "eu-west-1", true), w.launched(t, "eu-west-1", false)
	a, err := create("AWS-GatherSoftwareInventory", types.Target{Key: aws.String("InstanceIds"), Values: []string{id}})
	must(t, err)
	_, err = create("AWS-GatherSoftwareInventory")
	wantCode(t, err, "InvalidTarget")
	_, err = create("mine", types.Target{Key: aws.String("InstanceIds"), Values: []string{"*"}})
	wantCode(t, err, "InvalidDocument")
	_, err = client.DescribeInstanceAssociationsStatus(ctx, &ssm.DescribeInstanceAssociationsStatusInput{InstanceId: &unmanaged})
	wantCode(t, err, "InvalidInstanceId")

	start := func(keys sandbox.Keys, ids ...string) error {
		_, err := ssm.NewFromConfig(w.config(keys, "eu-west-1")).StartAssociationsOnce(ctx, &ssm.StartAssociationsOnceInput{AssociationIds: ids})
		return err
	}
	wantCode(t, start(w.root, a, "01234567-0123-0123-0123-0123456789ab"), "AssociationDoesNotExist")
	must(t, start(w.user("a", allow("ssm:StartAssociationsOnce", "arn:aws:ssm:eu-west-1:111122223333:association/"+a)), a))
	wantCode(t, start(w.user("b", allow("ssm:StartAssociationsOnce", "arn:aws:ssm:eu-west-1:111122223333:association/other")), a), "AccessDeniedException")

	remove := func() error {
		_, err := client.DeleteAssociation(ctx, &ssm.DeleteAssociationInput{AssociationId: &a})
		return err
	}
	must(t, remove())
	wantCode(t, remove(), "AssociationDoesNotExist")
}

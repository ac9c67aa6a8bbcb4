package guardduty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/guardduty"
	"riposte.dev/fault"
)

const nowhere = "i-0123456789abcdef0"

func (c cloud) launch(tags ...ec2types.Tag) string {
	c.T.Helper()
	in := &ec2.RunInstancesInput{ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)}
	if len(tags) > 0 {
		in.TagSpecifications = []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: tags}}
	}
	out, err := ec2.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region)).RunInstances(c.T.Context(), in)
	c.Must(err)
	return *out.Instances[0].InstanceId
}

// scans are those that were started.
func (c cloud) scans() string {
	c.T.Helper()
	out, err := c.client.DescribeMalwareScans(c.T.Context(), &sdk.DescribeMalwareScansInput{DetectorId: aws.String(c.detector())})
	c.Must(err)
	all := ""
	for _, s := range out.Scans {
		all += *s.ResourceDetails.InstanceArn + " " + string(s.ScanType)
	}
	return all
}

func (c cloud) scan(instance string) {
	c.T.Helper()
	_, err := c.client.StartMalwareScan(c.T.Context(), &sdk.StartMalwareScanInput{ResourceArn: aws.String("arn:aws:ec2:eu-west-1:111122223333:instance/" + instance)})
	c.Must(err)
}

func scanParams(instance string, since time.Duration) string {
	return fmt.Sprintf(`{"instance_id":%q,"since":%q}`, instance, time.Now().Add(since).Format(time.RFC3339))
}

func TestStartMalwareScan(t *testing.T) {
	for name, tt := range map[string]struct {
		before    func(cloud)
		elsewhere []string
	}{
		"the first one": {func(cloud) {}, nil},
		"another one":   {func(c cloud) { c.scan(c.launch()) }, []string{"iam:CreateServiceLinkedRole"}},
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.on()
				tt.before(c)
				w := c.World(guardduty.NewStartMalwareScan, scanParams(c.launch(), -time.Minute), scanParams(nowhere, 0), c.scans)
				w.Elsewhere = tt.elsewhere
				return w
			})
		})
	}
}

func TestWhatStartMalwareScanLeaves(t *testing.T) {
	c := newCloud(t)
	id := c.launch()
	excluded := c.launch(ec2types.Tag{Key: aws.String("GuardDutyExcluded"), Value: aws.String("true")})
	a := c.Action(guardduty.NewStartMalwareScan)
	plan := func(instance string, since time.Duration) action.Item {
		t.Helper()
		return c.Item(a, actiontest.Request(scanParams(instance, since)))
	}
	actiontest.Want(t, plan(id, 0), action.Escalated, "guardduty.enable")
	c.on()
	actiontest.Want(t, plan(excluded, 0), action.Escalated, "GuardDutyExcluded")
	actiontest.Want(t, plan(id, 0), action.Change, "No scan")
	c.scan(id)
	actiontest.Want(t, plan(id, -time.Hour), action.Unneeded, "(COMPLETED, CLEAN)")
	actiontest.Want(t, plan(id, 3*time.Minute), action.Escalated, "takes the next one at")
	c.suspend()
	actiontest.Want(t, plan(id, 3*time.Minute), action.Escalated, "guardduty.enable")
	for _, params := range []string{scanParams("web", 0), scanParams(id, time.Hour), `{"instance_id":"` + id + `","since":"today"}`} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid with a hint", params, err)
		}
	}
}

package redshift_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/redshift"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with a cluster that needs all of the actions.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

var cluster = aws.String("warehouse")

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateCluster(t.Context(), &sdk.CreateClusterInput{
		ClusterIdentifier: cluster, NodeType: aws.String("dc2.large"), MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("Example-Passw0rd"), PubliclyAccessible: aws.Bool(true),
		AutomatedSnapshotRetentionPeriod: aws.Int32(0), AllowVersionUpgrade: aws.Bool(false),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	c.must(err)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) modify(in sdk.ModifyClusterInput) {
	c.t.Helper()
	in.ClusterIdentifier = cluster
	_, err := c.client.ModifyCluster(c.t.Context(), &in)
	c.must(err)
}

func (c cloud) log(bucket string) {
	c.t.Helper()
	_, err := c.client.EnableLogging(c.t.Context(), &sdk.EnableLoggingInput{ClusterIdentifier: cluster, BucketName: &bucket})
	c.must(err)
}

func (c cloud) pause() {
	c.t.Helper()
	_, err := c.client.PauseCluster(c.t.Context(), &sdk.PauseClusterInput{ClusterIdentifier: cluster})
	c.must(err)
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeClusters(c.t.Context(), &sdk.DescribeClustersInput{ClusterIdentifier: cluster})
	c.must(err)
	logging, err := c.client.DescribeLoggingStatus(c.t.Context(), &sdk.DescribeLoggingStatusInput{ClusterIdentifier: cluster})
	c.must(err)
	w := out.Clusters[0]
	return fmt.Sprint(*w.PubliclyAccessible, *w.EnhancedVpcRouting, *w.AllowVersionUpgrade, *w.AutomatedSnapshotRetentionPeriod,
		*logging.LoggingEnabled, aws.ToString(logging.BucketName), logging.LogExports)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

const plain = `{"cluster":"warehouse"}`

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, operation, params string
		newAction               func(*awscall.Caller) action.Action
		interfere               func(cloud)
	}{
		{"private", "ModifyCluster", plain, redshift.NewMakePrivate, nil},
		{"upgrades", "ModifyCluster", `{"cluster":"arn:aws:redshift:eu-west-1:111122223333:cluster:warehouse"}`, redshift.NewEnableUpgrades, nil},
		{"routing", "ModifyCluster", `{"cluster":"warehouse","interrupt":true}`, redshift.NewEnableVPCRouting, nil},
		{"snapshots", "ModifyCluster", plain, redshift.NewKeepSnapshots, func(c cloud) {
			c.modify(sdk.ModifyClusterInput{AutomatedSnapshotRetentionPeriod: aws.Int32(3)})
		}},
		{"logs to CloudWatch", "EnableLogging", plain, redshift.NewEnableLogging, func(c cloud) { c.log("their-bucket") }},
		{"logs to a bucket", "EnableLogging", `{"cluster":"warehouse","bucket":"audit-logs","prefix":"redshift/"}`, redshift.NewEnableLogging, func(c cloud) { c.log("their-bucket") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request: request(tt.params),
					Missing: json.RawMessage(`{"cluster":"none"}`),
					State:   c.state,
					Writes:  c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "redshift", Operation: tt.operation, Reads: reads})
					},
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    func(*awscall.Caller) action.Action
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"private", plain, redshift.NewMakePrivate, func(c cloud) { c.modify(sdk.ModifyClusterInput{PubliclyAccessible: aws.Bool(false)}) }, action.Unneeded, "no public address"},
		{"paused", plain, redshift.NewMakePrivate, cloud.pause, action.Escalated, "resume it"},
		{"upgrades itself", plain, redshift.NewEnableUpgrades, func(c cloud) { c.modify(sdk.ModifyClusterInput{AllowVersionUpgrade: aws.Bool(true)}) }, action.Unneeded, "already"},
		{"paused, no upgrades", plain, redshift.NewEnableUpgrades, cloud.pause, action.Escalated, "resume it"},
		{"may not restart", plain, redshift.NewEnableVPCRouting, func(cloud) {}, action.Escalated, "again with interrupt"},
		{"in its VPC", plain, redshift.NewEnableVPCRouting, func(c cloud) { c.modify(sdk.ModifyClusterInput{EnhancedVpcRouting: aws.Bool(true)}) }, action.Unneeded, "already"},
		{"paused, may restart", `{"cluster":"warehouse","interrupt":true}`, redshift.NewEnableVPCRouting, cloud.pause, action.Escalated, "resume it"},
		{"kept for long enough", `{"cluster":"warehouse","days":3}`, redshift.NewKeepSnapshots, func(c cloud) {
			c.modify(sdk.ModifyClusterInput{AutomatedSnapshotRetentionPeriod: aws.Int32(4)})
		}, action.Unneeded, "4 days already"},
		{"kept for too short", plain, redshift.NewKeepSnapshots, func(c cloud) {
			c.modify(sdk.ModifyClusterInput{AutomatedSnapshotRetentionPeriod: aws.Int32(4)})
		}, action.Change, "4 days only"},
		{"paused, no snapshots", plain, redshift.NewKeepSnapshots, cloud.pause, action.Escalated, "resume it"},
		{"logs elsewhere", `{"cluster":"warehouse","bucket":"audit-logs"}`, redshift.NewEnableLogging, func(c cloud) { c.log("their-bucket") }, action.Unneeded, "already"},
		{"paused, no logs", plain, redshift.NewEnableLogging, cloud.pause, action.Escalated, "resume it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Item(tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions)), request(tt.params))
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
	c := newCloud(t)
	if _, err := redshift.NewKeepSnapshots(c.Caller([]string{"redshift:*"})).Plan(t.Context(), request(`{"cluster":"warehouse","days":36}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("36 days: %v, want invalid and a hint", err)
	}
}

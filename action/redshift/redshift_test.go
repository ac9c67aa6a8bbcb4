package redshift_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/redshift"
	"riposte.dev/fault"
)

// cloud is a sandbox with a cluster that needs all of the actions.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

var cluster = aws.String("warehouse")

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateCluster(t.Context(), &sdk.CreateClusterInput{
		ClusterIdentifier: cluster, NodeType: aws.String("dc2.large"), MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("Example-Passw0rd"), PubliclyAccessible: aws.Bool(true),
		AutomatedSnapshotRetentionPeriod: aws.Int32(0), AllowVersionUpgrade: aws.Bool(false),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	c.Must(err)
	return c
}

func (c cloud) modify(in sdk.ModifyClusterInput) {
	c.T.Helper()
	in.ClusterIdentifier = cluster
	_, err := c.client.ModifyCluster(c.T.Context(), &in)
	c.Must(err)
}

func (c cloud) log(bucket string) {
	c.T.Helper()
	_, err := c.client.EnableLogging(c.T.Context(), &sdk.EnableLoggingInput{ClusterIdentifier: cluster, BucketName: &bucket})
	c.Must(err)
}

func (c cloud) pause() {
	c.T.Helper()
	_, err := c.client.PauseCluster(c.T.Context(), &sdk.PauseClusterInput{ClusterIdentifier: cluster})
	c.Must(err)
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeClusters(c.T.Context(), &sdk.DescribeClustersInput{ClusterIdentifier: cluster})
	c.Must(err)
	logging, err := c.client.DescribeLoggingStatus(c.T.Context(), &sdk.DescribeLoggingStatusInput{ClusterIdentifier: cluster})
	c.Must(err)
	w := out.Clusters[0]
	return fmt.Sprint(*w.PubliclyAccessible, *w.Encrypted, *w.EnhancedVpcRouting, *w.AllowVersionUpgrade, *w.AutomatedSnapshotRetentionPeriod,
		*logging.LoggingEnabled, aws.ToString(logging.BucketName), logging.LogExports)
}

const plain = `{"cluster":"warehouse"}`

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		interfere    func(cloud)
	}{
		{"private", plain, redshift.NewMakePrivate, nil},
		{"upgrades", `{"cluster":"arn:aws:redshift:eu-west-1:111122223333:cluster:warehouse"}`, redshift.NewEnableUpgrades, nil},
		{"routing", `{"cluster":"warehouse","interrupt":true}`, redshift.NewEnableVPCRouting, nil},
		{"encryption", `{"cluster":"warehouse","interrupt":true}`, redshift.NewEncryptCluster, nil},
		{"snapshots", plain, redshift.NewKeepSnapshots, func(c cloud) {
			c.modify(sdk.ModifyClusterInput{AutomatedSnapshotRetentionPeriod: aws.Int32(3)})
		}},
		{"logs to CloudWatch", plain, redshift.NewEnableLogging, func(c cloud) { c.log("their-bucket") }},
		{"logs to a bucket", `{"cluster":"warehouse","bucket":"audit-logs","prefix":"redshift/"}`, redshift.NewEnableLogging, func(c cloud) { c.log("their-bucket") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, tt.params, `{"cluster":"none"}`, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
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
		{"may not stop", plain, redshift.NewEncryptCluster, func(cloud) {}, action.Escalated, "again with interrupt"},
		{"encrypted", plain, redshift.NewEncryptCluster, func(c cloud) { c.modify(sdk.ModifyClusterInput{Encrypted: aws.Bool(true)}) }, action.Unneeded, "already"},
		{"copied elsewhere", `{"cluster":"warehouse","interrupt":true}`, redshift.NewEncryptCluster, func(c cloud) {
			_, err := c.client.EnableSnapshotCopy(c.T.Context(), &sdk.EnableSnapshotCopyInput{ClusterIdentifier: cluster, DestinationRegion: aws.String("eu-central-1")})
			c.Must(err)
		}, action.Escalated, "copied to eu-central-1"},
		{"paused, unencrypted", `{"cluster":"warehouse","interrupt":true}`, redshift.NewEncryptCluster, cloud.pause, action.Escalated, "resume it"},
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
			item := c.Plan(tt.newAction, tt.params)
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
	c := newCloud(t)
	if _, err := redshift.NewKeepSnapshots(c.Caller([]string{"redshift:*"})).Plan(t.Context(), actiontest.Request(`{"cluster":"warehouse","days":36}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("36 days: %v, want invalid and a hint", err)
	}
}

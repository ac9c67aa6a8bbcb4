package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"

	"riposte.dev/sandbox"
)

func TestRedshift(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := redshift.NewFromConfig(w.config(w.root, "eu-west-1"))
	create := func(id, nodeType string, days int32) error {
		_, err := client.CreateCluster(ctx, &redshift.CreateClusterInput{
			ClusterIdentifier: &id, NodeType: &nodeType, MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("Example-Passw0rd"), AutomatedSnapshotRetentionPeriod: &days,
		})
		return err
	}
	wantCode(t, create("one", "ra3.large", 0), "InvalidParameterValue")
	must(t, create("one", "ra3.large", 1))
	must(t, create("two", "dc2.large", 0))
	wantCode(t, create("ONE", "ra3.large", 1), "ClusterAlreadyExists")
	pages := 0
	for p := redshift.NewDescribeClustersPaginator(client, &redshift.DescribeClustersInput{MaxRecords: aws.Int32(1)}); p.HasMorePages(); pages++ {
		_, err := p.NextPage(ctx)
		must(t, err)
	}
	if pages != 2 {
		t.Errorf("%d pages, want 2", pages)
	}
	one := aws.String("one")
	_, err := client.EnableLogging(ctx, &redshift.EnableLoggingInput{ClusterIdentifier: one})
	wantCode(t, err, "InvalidParameterValue")
	_, err = client.PauseCluster(ctx, &redshift.PauseClusterInput{ClusterIdentifier: one})
	must(t, err)
	_, err = client.ModifyCluster(ctx, &redshift.ModifyClusterInput{ClusterIdentifier: one, PubliclyAccessible: aws.Bool(true)})
	wantCode(t, err, "InvalidClusterState")
	_, err = client.ResumeCluster(ctx, &redshift.ResumeClusterInput{ClusterIdentifier: one})
	must(t, err)
	_, err = client.DescribeLoggingStatus(ctx, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: aws.String("none")})
	wantCode(t, err, "ClusterNotFound")
	if got := w.cli("eu-west-1", "redshift", "enable-logging", "--cluster-identifier", "one", "--log-destination-type", "cloudwatch", "--log-exports", "userlog",
		"--query", "[LoggingEnabled,LogExports[0]]", "--output", "text"); got != "True\tuserlog" {
		t.Errorf("it logs %q", got)
	}
}

package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"riposte.dev/sandbox"
)

func TestConfigRecorder(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := configservice.NewFromConfig(w.config(w.root, "eu-west-1"))
	role := "arn:aws:iam::111122223333:role/config"
	record := func(name, role string) error {
		_, err := client.PutConfigurationRecorder(ctx, &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &types.ConfigurationRecorder{Name: &name, RoleARN: &role}})
		return err
	}
	deliver := func(name string) error {
		_, err := client.PutDeliveryChannel(ctx, &configservice.PutDeliveryChannelInput{DeliveryChannel: &types.DeliveryChannel{Name: &name, S3BucketName: aws.String("b")}})
		return err
	}
	start := func(name string) error {
		_, err := client.StartConfigurationRecorder(ctx, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: &name})
		return err
	}
	wantCode(t, deliver("main"), "NoAvailableConfigurationRecorderException")
	wantCode(t, start("main"), "NoSuchConfigurationRecorderException")
	wantCode(t, record("main", ""), "InvalidRoleException")
	must(t, record("main", role))
	wantCode(t, record("second", role), "MaxNumberOfConfigurationRecordersExceededException")
	wantCode(t, start("main"), "NoAvailableDeliveryChannelException")
	must(t, deliver("main"))
	wantCode(t, deliver("second"), "MaxNumberOfDeliveryChannelsExceededException")
	must(t, start("main"))
	status := func() types.ConfigurationRecorderStatus {
		t.Helper()
		out, err := client.DescribeConfigurationRecorderStatus(ctx, nil)
		if err != nil || len(out.ConfigurationRecordersStatus) != 1 {
			t.Fatalf("the status is %+v, %v", out, err)
		}
		return out.ConfigurationRecordersStatus[0]
	}
	if s := status(); !s.Recording || s.LastStartTime == nil || s.LastStopTime != nil {
		t.Errorf("started, the recorder is %+v", s)
	}
	_, err := client.StopConfigurationRecorder(ctx, &configservice.StopConfigurationRecorderInput{ConfigurationRecorderName: aws.String("main")})
	must(t, err)
	if s := status(); s.Recording || s.LastStopTime == nil {
		t.Errorf("stopped, the recorder is %+v", s)
	}
	_, err = client.DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{DeliveryChannelNames: []string{"none"}})
	wantCode(t, err, "NoSuchDeliveryChannelException")
}

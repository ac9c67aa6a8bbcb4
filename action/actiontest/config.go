package actiontest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
)

// StartConfig has AWS Config record the account's resources in a region, from now on; what is there already, as it is now.
func (c *Cloud) StartConfig(region string) {
	c.T.Helper()
	client, name := configservice.NewFromConfig(c.Admin(Account, region)), aws.String("default")
	_, err := client.PutConfigurationRecorder(c.T.Context(), &configservice.PutConfigurationRecorderInput{
		ConfigurationRecorder: &types.ConfigurationRecorder{Name: name, RoleARN: aws.String("arn:aws:iam::" + Account + ":role/config")},
	})
	c.Must(err)
	_, err = client.PutDeliveryChannel(c.T.Context(), &configservice.PutDeliveryChannelInput{
		DeliveryChannel: &types.DeliveryChannel{Name: name, S3BucketName: aws.String("config-" + Account)},
	})
	c.Must(err)
	_, err = client.StartConfigurationRecorder(c.T.Context(), &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: name})
	c.Must(err)
}

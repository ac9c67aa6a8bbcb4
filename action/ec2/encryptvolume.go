package ec2

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type volumeParams struct {
	Volume string `json:"volume"`
	Key    string `json:"key,omitempty"`
}

// volumeEncryption is whether a volume is encrypted, and what another one in its place must have.
type volumeEncryption struct {
	Encrypted bool `json:"encrypted"`

	zone, kind, instance, device string
}

// NewEncryptVolume returns the action ec2.encrypt-volume.
func NewEncryptVolume(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[volumeParams, volumeEncryption]{
		Spec: action.Spec{
			Name:  "ec2.encrypt-volume",
			Title: "Say how to encrypt a volume",
			Description: "Looks whether a volume is encrypted. EC2 can't encrypt one where it is: where it isn't, people are told the exact steps that put an " +
				"encrypted volume in its place. riposte takes none of them, because the instance has to stop for that. `ec2.enable-ebs-encryption` has new " +
				"volumes encrypted.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["volume"], "properties": {
  "volume": {"type": "string", "minLength": 1, "description": "id of the volume"},
  "key": {"type": "string", "minLength": 1, "description": "id, ARN or alias of the KMS key; alias/aws/ebs without this"}}}`),
			Permissions:  []string{"ec2:DescribeVolumes"},
			Effect:       action.StateChecked,
			Irreversible: "it changes nothing by itself",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p volumeParams) ([]action.Resource, error) {
			if p.Volume == "" {
				return nil, fault.New(fault.Invalid, "no volume is named").WithHint(`give {"volume": "vol-049df61146c4d7901"}`)
			}
			v, err := describeVolume(ctx, cfg, p.Volume)
			if err != nil {
				return nil, err
			}
			r := action.Resource{
				Type: "AWS::EC2::Volume", ARN: "arn:" + awscall.Partition(req.Region) + ":ec2:" + req.Region + ":" + req.Account + ":volume/" + p.Volume,
				Name: p.Volume, Account: req.Account, Region: req.Region, Tags: map[string]string{},
			}
			for _, t := range v.Tags {
				r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			return []action.Resource{r}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (volumeEncryption, error) {
			v, err := describeVolume(ctx, cfg, r.Name)
			now := volumeEncryption{Encrypted: aws.ToBool(v.Encrypted), zone: aws.ToString(v.AvailabilityZone), kind: string(v.VolumeType)}
			for _, a := range v.Attachments {
				now.instance, now.device = aws.ToString(a.InstanceId), aws.ToString(a.Device)
			}
			return now, err
		},
		Want: func(r action.Resource, p volumeParams, now volumeEncryption) (volumeEncryption, string, error) {
			if now.Encrypted {
				return now, "It is encrypted already.", nil
			}
			key := p.Key
			if key == "" {
				key = "alias/aws/ebs"
			}
			return now, "", setting.Escalation(encryptionSteps(r, key, now))
		},
		Steps: func(action.Resource, volumeEncryption, volumeEncryption) ([]setting.Step[volumeEncryption], error) {
			return nil, nil
		},
	})
}

func describeVolume(ctx context.Context, cfg aws.Config, id string) (types.Volume, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{id}})
	if err == nil && len(out.Volumes) == 0 {
		err = fault.New(fault.NotFound, "AWS shows no volume %s", id)
	}
	if err != nil {
		return types.Volume{}, awscall.Missing(awscall.Fault(err, "ec2:DescribeVolumes", "look at the volume %s", id),
			"there is no volume "+id, "it was deleted, or it is in another region")
	}
	return out.Volumes[0], nil
}

// encryptionSteps say how an encrypted volume takes the place of one that isn't.
func encryptionSteps(r action.Resource, key string, now volumeEncryption) string {
	region := " --region " + r.Region
	steps := []string{
		"aws ec2 create-snapshot --volume-id " + r.Name + region,
		"aws ec2 create-volume --snapshot-id (that snapshot) --encrypted --kms-key-id " + key + " --availability-zone " + now.zone + " --volume-type " + now.kind +
			region + ", with its size, IOPS, throughput and tags.",
	}
	if now.instance != "" {
		steps = append([]string{"aws ec2 stop-instances --instance-ids " + now.instance + region}, steps...)
		steps = append(steps,
			"aws ec2 detach-volume --volume-id "+r.Name+region,
			"aws ec2 attach-volume --volume-id (the new volume) --instance-id "+now.instance+" --device "+now.device+region,
			"aws ec2 start-instances --instance-ids "+now.instance+region+", and see that it works.")
	}
	steps = append(steps, "Delete "+r.Name+" and the snapshot when nobody needs them any more.")
	var out strings.Builder
	out.WriteString("It isn't encrypted, and can't be where it is.")
	for i, step := range steps {
		out.WriteString(" (" + string(rune('1'+i)) + ") " + step)
	}
	return out.String()
}

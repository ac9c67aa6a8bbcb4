package sandbox

import (
	"time"

	"riposte.dev/sandbox/wire"
)

// configService answers for AWS Config's recorder and its delivery channel, and for what it has recorded of roles and buckets; for the findings of
// rules see Compliance (https://docs.aws.amazon.com/config/latest/APIReference/API_Operations.html).
func configService() *service {
	return &service{
		name: "config", prefix: "config",
		operations: []operation{
			{name: "PutConfigurationRecorder", resources: configRecorders, also: passesRecorderRole, handle: putConfigRecorder},
			{name: "DescribeConfigurationRecorders", resources: anyConfigRecorder, handle: describeConfigRecorders},
			{name: "DescribeConfigurationRecorderStatus", resources: anyConfigRecorder, handle: describeConfigRecorderStatus},
			{name: "StartConfigurationRecorder", resources: configRecorders, handle: startConfigRecorder},
			{name: "StopConfigurationRecorder", resources: configRecorders, handle: stopConfigRecorder},
			{name: "PutDeliveryChannel", handle: putConfigChannel},
			{name: "DescribeDeliveryChannels", handle: describeConfigChannels},
			{name: "GetResourceConfigHistory", handle: getConfigHistory},
		},
	}
}

// configState is that of an account in a region, which has one recorder and one channel at most. Both are replaced, never changed.
type configState struct {
	recorder, channel wire.Object
	recording         bool
	started, stopped  time.Time
	items             map[string][]configItem // by type and id, the oldest first; replaced, never changed
}

func newConfigState() *configState { return &configState{} }

func (s *configState) clone() stater {
	c := *s
	return &c
}

func (c *call) config() *configState {
	return stateOf(c, stateKey{"config", c.account.id, c.region}, newConfigState)
}

func anyConfigRecorder(c *call) []string { return []string{c.arn("configuration-recorder/*/*")} }

func configRecorders(c *call) []string {
	name := orElse(c.in.str("ConfigurationRecorderName"), orElse(c.in.object("ConfigurationRecorder").str("name"), "default"))
	return []string{c.arn("configuration-recorder/" + name + "/*")}
}

func passesRecorderRole(c *call) []need {
	return []need{{"iam:PassRole", c.in.object("ConfigurationRecorder").str("roleARN")}}
}

func putConfigRecorder(c *call) (wire.Object, error) {
	s, in := c.config(), c.in.object("ConfigurationRecorder")
	name := orElse(in.str("name"), "default")
	if s.recorder != nil && input(s.recorder).str("name") != name {
		return nil, wire.Errorf("MaxNumberOfConfigurationRecordersExceededException", "Failed to put configuration recorder '%s' because the maximum number of configuration recorders: 1 is reached.", name)
	}
	if in.str("roleARN") == "" {
		return nil, wire.Errorf("InvalidRoleException", "The role must not be null or empty.")
	}
	s.recorder = wire.Object{"name": name, "roleARN": in.str("roleARN"), "recordingGroup": wire.Object{"allSupported": true, "includeGlobalResourceTypes": true}}
	return nil, nil
}

// named refuses names that are not that of the one there is.
func named(there wire.Object, names []string, code, what string) (wire.List, error) {
	name := input(there).str("name")
	for _, n := range names {
		if n != name {
			return nil, wire.Errorf(code, "Cannot find %s with the specified name '%s'.", what, n)
		}
	}
	if there == nil {
		return wire.List{}, nil
	}
	return wire.List{there}, nil
}

func (c *call) configRecorders() (wire.List, error) {
	return named(c.config().recorder, c.in.strs("ConfigurationRecorderNames"), "NoSuchConfigurationRecorderException", "configuration recorder")
}

func describeConfigRecorders(c *call) (wire.Object, error) {
	all, err := c.configRecorders()
	if err != nil {
		return nil, err
	}
	return wire.Object{"ConfigurationRecorders": all}, nil
}

func describeConfigRecorderStatus(c *call) (wire.Object, error) {
	all, err := c.configRecorders()
	if err != nil {
		return nil, err
	}
	s := c.config()
	return wire.Object{"ConfigurationRecordersStatus": list(all, func(any) any {
		o := wire.Object{"name": s.recorder["name"], "recording": s.recording}
		if !s.started.IsZero() {
			o["lastStartTime"], o["lastStatus"] = s.started, "PENDING"
		}
		if !s.stopped.IsZero() {
			o["lastStopTime"] = s.stopped
		}
		return o
	})}, nil
}

func (c *call) recorderToTurn() (*configState, error) {
	s, name := c.config(), c.in.str("ConfigurationRecorderName")
	_, err := named(s.recorder, []string{name}, "NoSuchConfigurationRecorderException", "configuration recorder")
	return s, err
}

func startConfigRecorder(c *call) (wire.Object, error) {
	s, err := c.recorderToTurn()
	switch {
	case err != nil:
		return nil, err
	case s.channel == nil:
		return nil, wire.Errorf("NoAvailableDeliveryChannelException", "Delivery channel is not available to start configuration recorder.")
	}
	s.recording, s.started = true, c.time.UTC()
	c.recordAll(s)
	return nil, nil
}

func stopConfigRecorder(c *call) (wire.Object, error) {
	s, err := c.recorderToTurn()
	if err != nil {
		return nil, err
	}
	s.recording, s.stopped = false, c.time.UTC()
	return nil, nil
}

func putConfigChannel(c *call) (wire.Object, error) {
	s, in := c.config(), c.in.object("DeliveryChannel")
	if s.recorder == nil {
		return nil, wire.Errorf("NoAvailableConfigurationRecorderException", "Configuration recorder is not available to put delivery channel.")
	}
	name := orElse(in.str("name"), "default")
	if s.channel != nil && input(s.channel).str("name") != name {
		return nil, wire.Errorf("MaxNumberOfDeliveryChannelsExceededException", "Failed to put delivery channel '%s' because the maximum number of delivery channels: 1 is reached.", name)
	}
	s.channel = wire.Object{"name": name, "s3BucketName": in.str("s3BucketName")}
	return nil, nil
}

func describeConfigChannels(c *call) (wire.Object, error) {
	all, err := named(c.config().channel, c.in.strs("DeliveryChannelNames"), "NoSuchDeliveryChannelException", "delivery channel")
	if err != nil {
		return nil, err
	}
	return wire.Object{"DeliveryChannels": all}, nil
}

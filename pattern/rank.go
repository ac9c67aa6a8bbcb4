package pattern

// Ranks of fields by how much an exact value of theirs says. Any other field of the envelope is near useless: all
// events of an account and region share it.
const (
	rankNone = iota
	rankEnvelope
	rankSource
	rankDetailType
	rankDetail
	rankEventName
)

func rankOf(field string) int {
	switch field {
	case "detail.eventName":
		return rankEventName
	case "detail-type":
		return rankDetailType
	case "source", "detail.eventSource":
		return rankSource
	case "version", "account", "region", "detail.awsRegion", "detail.eventType", "detail.recipientAccountId":
		return rankEnvelope
	default:
		return rankDetail
	}
}

// Calls you when customers begin to say something, and when it is over: node examples/on_alert.mjs [--until-end]
// First: npm ci --prefix examples --omit=dev. The broker and the prefix are those of the workers' settings.
import { Consumer, stringDeserializers } from '@platformatic/kafka'

const broker = process.env.GROUNDSWELL_BROKER
if (!broker) {
  console.error('No broker: set GROUNDSWELL_BROKER=host:port, as groundswell up prints it')
  process.exit(2)
}
const topic = `${process.env.GROUNDSWELL_TOPIC_PREFIX ?? 'groundswell.'}alerts.v1`

function onAlert (alert, event) {
  const when = alert.status === 'resolved' ? `over ${alert.ends_at}` : `since ${alert.starts_at}`
  console.log(`${alert.status} ${alert.brand}: ${alert.title} (severity ${alert.severity}, ${when}, ${alert.voices} people)`)
  for (const { text, channel } of alert.quotes.slice(0, 2)) console.log(`  “${text}”  ${channel}`)
  if (event.type) console.log(`  ${event.type} ${event.id}`)
}

const consumer = new Consumer({
  clientId: 'on-alert',
  groupId: `on-alert-${process.pid}`, // A fixed name shares the topic and goes on where it stopped.
  bootstrapBrokers: broker.split(','),
  deserializers: stringDeserializers
})

// With --until-end: the partitions whose end, as it is now, has not been reached.
const left = new Map()
if (process.argv.includes('--until-end')) {
  const [begins, ends] = await Promise.all([-2n, -1n].map(async timestamp =>
    (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)))
  ends.forEach((end, partition) => { if (end > begins[partition]) left.set(partition, end) })
  if (left.size === 0) await finish()
}

const revisions = new Map() // Kafka delivers at least once: what is not newer than what was told is a repetition.
const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true })
for await (const { key, value, partition, offset, headers } of stream) {
  if (value != null) { // Null deletes an alert that is long over.
    const alert = JSON.parse(value)
    if (alert.revision > (revisions.get(key) ?? 0)) {
      revisions.set(key, alert.revision)
      // Reminders say nothing new; a part of an incident is told by the incident.
      if (alert.reason !== 'reminder' && alert.incident == null) onAlert(alert, { type: headers.get('ce_type'), id: headers.get('ce_id') })
    }
  }
  if (left.has(partition) && offset + 1n >= left.get(partition)) {
    left.delete(partition)
    if (left.size === 0) break
  }
}
await finish()

async function finish () {
  await consumer.close(true)
  process.exit(0)
}

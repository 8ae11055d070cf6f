"""Sentences in customers' words, written for this project: what tweets and forum comments teach too little of.

Each template is filled from small lists with a seed; labels are the template's. They teach plain statements of failure
("my order hasn't arrived"), negated trouble ("no delays, no lost bags"), contrast, questions, and thanks.
"""

from __future__ import annotations

import random
import re

_LISTS = {
    "thing": "order|parcel|package|delivery|box|subscription|bag|shipment|replacement|refund|coffee|shoes|headphones|phone case",
    "product": "app|website|checkout|product|blender|jacket|headphones|laptop|coffee|beans|machine|service|update|new version",
    "staff": "support|customer service|the agent|the guy on the phone|your team|staff|the lady on chat|the driver|Maria",
    "long": "two weeks|three weeks|10 days|a month|five days|two hours|over an hour|45 minutes|3 hours|ages|forever",
    "short": "two days|the next day|24 hours|one day|an hour|minutes|no time",
    "again": "again|for the third time|twice this month|once more|yet again",
    "bad": "terrible|awful|useless|rude|disappointing|horrible|a joke|unacceptable|ridiculous|poor|shocking",
    "good": "great|lovely|wonderful|brilliant|excellent|fantastic|perfect|amazing|so helpful|superb",
    "like": "love|adore|really like|enjoy|am happy with|am impressed by",
    "problem": "problems|issues|delays|trouble|complaints|surprises|lost bags|crashes|hidden fees",
}  # fmt: skip

_TEMPLATES = {
    "negative": """
My {thing} hasn't arrived.|My {thing} still hasn't arrived after {long}.|Where is my {thing}?? It's been {long}.
{thing} was supposed to be here on Monday.|The {thing} arrived broken.|The {thing} came damaged and half of it was missing.
I was on hold for {long}.|On hold for {long} and nobody picked up.|Nobody answers the phone.|No reply to my emails for {long}.
I have written {again} and got no answer.|This is the third time I write about the same {thing}.|Still waiting for my {thing}.
I was charged twice for one {thing}.|You charged my card after I cancelled.|The {product} crashes when I open it.
The {product} stopped working after {long}.|Since the last update the {product} doesn't work.|The {product} won't let me log in.
Can't log in.|Can't check out, the button does nothing.|I can't cancel my subscription anywhere.|Thanks for nothing.
Great, another {thing} lost. Thanks a lot.|Wow, {long} for a reply. Impressive.|{staff} was {bad}.|{staff} hung up on me.
{staff} never called back.|I got the wrong {thing}.|They sent the wrong size {again}.|The {product} is not worth the money.
The {product} used to be good but now it's {bad}.|I want my money back.|I am cancelling my subscription.|Never ordering here again.
Ordered {long} ago and nothing has come.|The {thing} went to my neighbour {again}.|I had to explain everything {again}.
Transferred five times and still no answer.|Your {product} ate my {thing}.|It keeps freezing.|The {product} tastes stale.
Not {good} at all.|I am not happy with the {product}.|The {product} isn't {good}.|I don't {like} this {product}.
Nice {product}, but my {thing} took {long}.|The {product} is fine but {staff} was {bad}.|{good} idea, {bad} service.
Waste of money.|How hard can it be to send a {thing}?|Why is my {thing} late {again}?|Why can't I reach anyone?
The {thing} is late.|{thing} delayed {again}.|{thing} delayed by {long}.|Missing parts in my {thing}.|Price went up {again} without notice.
Box was crushed and the {thing} spilled everywhere.|The {product} broke after one week.|It fell apart after {long}.
Took {long} to get a human.|Been waiting {long} for a refund.|You lost my {thing}.|Refund was promised {long} ago, still nothing.
Two hours in the queue and nobody told us anything.|We have been sitting here for {long}.|Stuck here for {long} with no information.|No update, no apology, nothing.
{long} late and counting.|Nobody at the desk knows what is going on.|They lost my {thing} and don't care.|You lost another customer.
Been on the phone for {long}.|Tried calling, emailing and chat, no answer.|Every time I call I get disconnected.|The line has been busy for {long}.
I paid for express and it still took {long}.|My booking disappeared.|Your system ate my booking.|I can't get through to anyone.
The room smelled and the shower was cold.|Our room wasn't ready until six.|The train was cancelled and nobody said why.|Cancelled at the last minute, {again}.
The card reader is down {again}.|My account was locked for no reason.|The bank took the fee twice.|My internet has been down for {long}.
No signal since Monday.|{long} without internet.|The technician never showed up.|Nobody came.|I took a day off for nothing.
They told me {short}, it has been {long}.|First they said Monday, then Tuesday, now nobody knows.|I was promised a call back.|Still no call back.
How is this acceptable?|Is anyone even reading this?|What kind of service is this?|Do you even care about customers?|Why do I pay for this?
I expected better.|I expected more from you.|Used to be my favourite, not any more.|It got worse with every update.|Third replacement, same fault.
Not good at all.|Not great.|Not impressed.|Not cool.|Not what I wanted.|Not as described.|Not okay.|No good.|Never {good}.|Nothing works.|Nothing {good} about it.|So much plastic packaging.|Why so slow?
Doesn't work.|Didn't help.|Won't open.|It isn't fresh.|Wasn't {good}.|Hardly {good}.|Far from {good}.|Less than {good}.|Too slow.|Too expensive.|Too late.|Too small.|Way too sour.
If this isn't fixed I'm leaving.|I'm done with you.|Last time I order here.|Going to your competitor.|My patience is over.
A simple answer would be nice.|Would be nice if somebody answered.|All I want is my {thing}.|Please just send my {thing}.|Please fix your {product}.
Help! I can't get into my account.|Please help, my {thing} is missing.|Where do I complain?|Who do I talk to about a lost {thing}?
So you can charge me in seconds but a refund takes {long}?|Funny how the refund takes {long}.|Love how nobody answers.|Great service as always... not.
Thanks for losing my {thing}.|Thank you for ruining my weekend.|Really helpful, a robot that says sorry.|Nice of you to cancel without telling me.
There was hair in the food.|The soup was cold.|We waited {long} for the bill.|Tiny portions.|The seat was broken.|The wifi doesn't work.
Seat doesn't recline and the screen is dead.|The gate changed three times.|We missed our connection because of you.|My suitcase is still in another city.
{bad} value for money.|{bad} value.|Poor value for the price.|Not worth the money.|{bad}. See above.|{bad}, see below.|{bad}, write to me.|{bad}, please call me back.
{bad} food, {bad} seats.|{bad} room, {bad} breakfast.|Booking was {bad}.|Check-in was {bad}.|Setup was {bad}.|The price is {bad}.|{bad} battery, {bad} screen.|{bad} deal.|{bad} quality for the money.
Payment failed three times.|Error message every time I pay.|The {product} drains my battery.|The {product} logs me out all the time.
""",
    "neutral": """
Can I change the address of my {thing}?|Do you ship to Norway?|What time do you open?|Is the {product} available in blue?
How do I reset my password?|I ordered a {thing} yesterday.|My {thing} is arriving on Tuesday.|I have a question about my {thing}.
Could you tell me when the {product} is back in stock?|Please send me an invoice.|I would like to change my delivery date.
Following up on my ticket.|Here is my order number.|The {thing} was delivered at noon.|Does the {product} work with a Mac?
I'd like to pause my subscription in July.|Which {product} do you recommend?|Is there a student discount?|Just ordered the {product}.
Looking at the {product} right now.|I have been a customer for {long}.|The parcel contains two items.|Where can I find the manual?
Thinking about getting the {product}.|Will the {product} be on sale next week?|Can someone call me back please?|It is what it is.
You get a message once the {thing} ships.|You'll get an e-mail when the {thing} is ready.|It sends a notification when the {thing} is on its way.|You get a reminder the day before.|See above.|See below.|As above.
Write to me at [email].|My e-mail is [email].|My number is [phone].|You'll hear from them when it leaves the warehouse.|The app sends a notification at nine.|It tells you when it's done.|It's for my sister.|I paid for two.|It costs the same as last year.
It's okay.|It's an average {product}.|The {product} does what it says.|New version of the {product} is out.|Is my flight on time?
When does boarding start?|What is the baggage allowance?|Which gate is it?|I'm at the airport.|On my way to the shop.|Is the shop open on Sunday?
Who do I contact about a group booking?|Could you send me the form?|What's the number of your office?|I'll be in town on Friday.|Sent you a message.
I have sent you a DM.|My order number is in the message.|Sure, will do.|Okay.|Let me know.|Do you have this in size 42?|How long does delivery take?
How do I cancel a booking?|Can I bring my dog?|Any plans for a store in Leeds?|Where can I see my invoices?|Update: it arrives tomorrow.
I am thinking of switching to the bigger plan.|Which plan has more data?|Two coffees and a tea, please.|Today I had the soup.
""",
    "positive": """
{good} value for money.|{good} value.|Really {good} value for the money.|Value for money, {good}.|Well worth the money.|Worth every cent.|Money well spent.|{good} price for what you get.|Fair prices.|Fair price, {good} quality.
Booking was easy.|Booking was so quick.|Booking was {good}.|Check-in was a breeze.|Ordering was a breeze.|Setting it up was a breeze.|Paying was simple.|Comfortable seats and {good} food.|{good} seats, {good} snacks.|{good} food, {good} drinks.
Clean room, {good} breakfast.|{good} location, {good} staff.|Cheap, quick and {good}.|{good} deal.|Such a {good} deal.|Quick, easy, {good}.|Soft fabric, {good} fit.|Fits well, looks {good}.|{good} sound, {good} battery.|{good} price and {good} quality.
My {thing} arrived in {short}!|{thing} came a day early.|{staff} was {good}.|{staff} fixed it in {short}.|I {like} the {product}.
No {problem}, everything worked.|No {problem} at all.|Never had any {problem}.|Arrived without {problem}.|Not a single complaint.
Thank you for the {good} service.|Thanks {staff}, problem solved!|The {product} is {good}.|{good} {product}!|Can't fault it.
I was worried it would be late but it came in {short}.|The delivery was slow but the {product} is {good} and worth it.
Best {product} I have ever had.|Would recommend to anyone.|Five stars.|Couldn't be happier.|Can't wait for the next {thing}.
The handwritten note made my day.|Such a nice touch, the card in the {thing}.|Smells wonderful.|Worth every penny.
So easy to use.|Set it up in {short}.|Works like a charm.|Finally a {product} that just works.|Bad weather but {staff} got us home, thank you.
{staff} went above and beyond.|They replaced it for free in {short}.|I was wrong about this {product}, it's {good}.|Not bad at all!
Well packed, quick delivery.|Super fast delivery, well packed.|No more {problem} since the update, {good} work.|I'm impressed.
Not bad.|Not too expensive.|No delays, no lost bags.|No fuss, no noise, just works.|Never a problem.|Never late.|Nothing to complain about.|No complaints.|Nothing broken, nothing missing.
Someone wrote my name on it by hand, lovely.|The whole house smelled of fresh bread.|It was there before me, great!|Went through at once, super easy.
Landed early, thanks to the crew.|Smooth from start to end.|The crew was {good}.|You made my day.|You guys rock.|Keep up the good work.
Got it in {short}, wow.|A big thank you to {staff}.|So grateful for your help.|My kids {like} it.|I {like} how fast you are.|Best customer service ever.
Fixed! Thank you.|Works again, thanks for the quick fix.|The update fixed everything.|Refund came in {short}, thank you.|You found my {thing}, thank you!
Room was spotless and the staff {good}.|The food was {good}.|Will be back.|Already ordered again.|Told all my friends.|{good}!
Impressed by how {staff} handled it.|A mistake happened, but {staff} put it right in {short}.|It was late, but they said sorry and sent a gift. Class.
""",
}

_FEELINGS = {
    "anger": "I am {very} furious.|I'm {very} livid.|I'm fuming.|I am so angry that my hands are shaking.|This makes my blood boil.|I am outraged by this {thing}.|How dare you.|What an outrage.|I'm so mad about my {thing}.|You have made me {very} angry.|Seething right now.|I could scream.|Infuriating.|This is infuriating, the {product} is {bad}.|I'm raging.|Shame on you.",
    "annoyance": "So annoying.|This is {very} annoying.|I'm fed up with this {product}.|Sick of waiting for my {thing}.|Tired of this.|It gets on my nerves.|Irritating.|Frustrating.|I'm {very} frustrated with {staff}.|What a hassle.|Seriously, {again}?|Ugh, the {product} {again}.",
    "disappointment": "I am {very} disappointed.|Such a letdown.|I expected more from this {product}.|What a disappointment.|Let down by {staff}.|I had high hopes for the {thing}.|Disappointing {product}.|Sadly the {product} is {bad}.",
    "sadness": "I'm {very} sad about this.|I cried.|I am heartbroken.|This broke my heart.|I'm in tears.|Feeling down today.|I'm {very} upset.|I miss the old {product}.|Feeling lonely and lost.|So depressing.|I was in tears on the phone.",
    "fear": "I'm {very} scared.|I am terrified.|I'm afraid that somebody has my data.|This is frightening.|I was {very} frightened.|It scares me.|I panicked.|I feel unsafe.",
    "nervousness": "I'm {very} worried about my {thing}.|I'm getting nervous about the {thing}.|I'm anxious about it.|Worried sick.|A bit nervous about tomorrow.|Stressed about this.",
    "disgust": "That is disgusting.|Gross.|{very} disgusting {product}.|Makes me sick.|I found mould in it, revolting.|Nauseating.|There was a hair in my {thing}, yuck.",
    "embarrassment": "I was mortified.|How embarrassing.|So humiliating.|I felt ashamed in front of my guests.|I'm {very} embarrassed.",
    "gratitude": "Thank you {staff}.|Thanks so much for the {thing}.|I'm {very} grateful.|Many thanks for your help.|Much appreciated.|I appreciate the quick answer.|Cheers for sorting my {thing}.",
    "joy": "I'm {very} happy.|So happy with my {thing}.|What a joy.|Delighted with the {product}.|This made my day.|I can't stop smiling.|Happy days.|Pure happiness.|Big smile on my face.|Having the best day.",
    "love": "I love this {product}.|Love love love it.|I adore the {product}.|In love with my {thing}.|Love it to bits.",
    "admiration": "{good} {product}.|{staff} was {good}.|What a {good} {product}.|Brilliant work.|Impressive.|Hats off to {staff}.|Well done.",
    "excitement": "I'm {very} excited.|Can't wait for my {thing}!|So excited for the {thing}!|Counting the days until my {thing} is here!|Woohoo, it's coming!",
    "optimism": "I hope it gets better soon.|Hopefully it arrives tomorrow.|I'm sure it will be fine.|Looking forward to better days.|Things can only get better.|Fingers crossed for the {thing}.|I believe you can fix this.|Stay positive, tomorrow is a new day.|Never give up.|Hope is stronger than fear.|Keep going, you can do it.|Better times ahead.",
    "relief": "Phew, it arrived.|What a relief.|I'm {very} relieved.|Finally, my {thing} is here.|At last I can breathe again.",
    "surprise": "Wow, I didn't expect that.|What a surprise.|I'm {very} surprised.|I can't believe it.|Well, that was unexpected.|Didn't see that coming.",
    "confusion": "I'm {very} confused.|I don't understand the invoice.|I have no idea what this means.|What does that even mean?|Makes no sense to me.",
    "desire": "I wish the {product} had more colours.|I want one so badly.|I'd love a smaller {thing}.|If only the {product} was cheaper.|I need this {product} in my life.",
    "amusement": "Haha, that made me laugh.|LOL the {product} is hilarious.|So funny.|I laughed out loud.|😂 the note in my {thing}",
}  # fmt: skip
_VERY = "very|so|really|absolutely|extremely|quite|"

_SLOT = re.compile(r"\{(\w+)\}")


def sentences(each: int = 12, seed: int = 5) -> list[tuple[str, str]]:
    """Pairs of text and label: every template filled up to ``each`` times, without doubles."""
    dice = random.Random(seed)  # noqa: S311
    choices = {name: options.split("|") for name, options in _LISTS.items()}
    made: dict[str, str] = {}
    for label, block in _TEMPLATES.items():
        for template in (line for row in block.strip().split("\n") for line in row.split("|")):
            for _ in range(each):
                text = _SLOT.sub(lambda slot: dice.choice(choices[slot[1]]), template.strip())
                style = dice.random()
                if style < 0.25:
                    text = text.lower()
                elif style < 0.35:
                    text = text.rstrip(".") + ("!" if label != "neutral" else "")
                elif style < 0.4 and label != "neutral":
                    text = text.rstrip(".") + (" 😡" if label == "negative" else " 😊")
                elif style < 0.45:
                    text = "@user " + text
                text = text[:1].upper() + text[1:] if style >= 0.25 else text
                made[text] = label
    return list(made.items())


def feelings(each: int = 4, seed: int = 6) -> list[tuple[str, str]]:
    """Pairs of text and emotion, made in the same way."""
    dice = random.Random(seed)  # noqa: S311
    choices = {name: options.split("|") for name, options in _LISTS.items()} | {"very": _VERY.split("|")}
    made: dict[str, str] = {}
    for emotion, block in _FEELINGS.items():
        for template in block.split("|"):
            for _ in range(each):
                text = " ".join(_SLOT.sub(lambda slot: dice.choice(choices[slot[1]]), template).split())
                style = dice.random()
                if style < 0.3:
                    text = text.lower()
                elif style < 0.5:
                    text = text.rstrip(".") + "!"
                made[text] = emotion
    return list(made.items())

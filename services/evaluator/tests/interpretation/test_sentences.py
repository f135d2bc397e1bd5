"""Sentences as people write them, and what each must be understood as."""

import pytest

from monitors_contracts.monitors import Interpretation
from monitors_evaluator.domain.interpretation import interpret

NUMBERS = [
    # prices
    ("Let me know when the copper kettle at https://shop.example/kettle costs less than $60", "<", 60, "USD", "price",
        "copper kettle"),
    ("alert me if the graphics card on shop.example/gpu drops under 1500 dollars", "<", 1500, "USD", "price",
        "graphics card"),
    ("tell me when the RTX 5090 at https://shop.example/gpu drops below $1,500", "<", 1500, "USD", "price", "RTX 5090"),
    ("tell me when the console is below $400", "<", 400, "USD", "price", "console"),
    ("Notify me once the price of the Dyson V15 goes under £399.99", "<", 399.99, "GBP", "price", "Dyson V15"),
    ("ping me if the iPhone 17 Pro gets cheaper than 900 €", "<", 900, "EUR", "price", "iPhone 17 Pro"),
    ("I want to know when the Sony headphones hit $250 or less", "<=", 250, "USD", "price", "Sony headphones"),
    ("email me when this jacket is at most 120 euros https://wear.example/jacket", "<=", 120, "EUR", "price", "jacket"),
    ("warn me if rent for the flat in Kreuzberg goes above 1.500 €", ">", 1500, "EUR", "rent", "flat in Kreuzberg"),
    ("let me know if ACME shares fall under $230: https://markets.example/acme", "<", 230, "USD", "price",
        "ACME shares"),
    ("alert me if bitcoin goes over 100,000 dollars, see https://coins.example", ">", 100000, "USD", "price",
        "bitcoin"),
    ("Tell me as soon as ETH crosses $5k", ">", 5000, "USD", "price", "ETH"),
    ("notify me when gold reaches 3,000 USD per ounce", ">=", 3000, "USD", "price", "gold"),
    ("when a flight from Berlin to Lisbon is under 80 euros, text me", "<", 80, "EUR", "price",
        "flight from Berlin to Lisbon"),
    ("could you tell me when the MacBook Air drops to $999?", "<=", 999, "USD", "price", "MacBook Air"),
    ("let me know if diesel at the station costs more than €1.75", ">", 1.75, "EUR", "price", "diesel at the station"),
    ("Once the LEGO Titanic falls below five hundred dollars, send me an email", "<", 500, "USD", "price",
        "LEGO Titanic"),
    ("tell me if the hotel room is no more than $150 a night", "<=", 150, "USD", "price", "hotel room"),
    ("watch https://shop.example/tv and tell me when the price is below 499", "<", 499, None, "price", ""),
    ("price of the espresso machine under $300 -> tell me", "<", 300, "USD", "price", "espresso machine"),
    ("notify me when the house price exceeds 1.5 million dollars", ">", 1500000, "USD", "price", "house"),
    ("In case the ticket price rises above 45 pounds, warn me", ">", 45, "GBP", "price", ""),
    ("let me know when Tesla stock is worth less than $200", "<", 200, "USD", "", "Tesla stock"),
    ("tell me when the shipping fee is less than 5 dollars", "<", 5, "USD", "shipping fee", ""),
    ("as soon as AMZN's share price passes $250 I want an alert", ">", 250, "USD", "share price", "AMZN"),
    ("tell me when the desk is going for under 200 bucks", "<", 200, "USD", "price", "desk"),
    ("is the Switch 2 below $400 yet?", "<", 400, "USD", "price", "Switch 2"),
    ("Tell me when the annual fee is $0", "==", 0, "USD", "annual fee", ""),
    ("Has the price of the tent dropped below 100 CHF?", "<", 100, "CHF", "price", "tent"),
    ("plz tell me wen the ps5 costs less then $350", "<", 350, "USD", "price", "ps5"),
    ("let me know if the auction bid for the guitar goes past $2,000", ">", 2000, "USD", "bid", "guitar"),
    ("Notify me when Ryanair's Dublin fare is cheaper than €30", "<", 30, "EUR", "fare", ""),
    ("tell me when they sell the bike for 500 dollars or less", "<=", 500, "USD", "price", "bike"),
    ("warn me if my energy tariff exceeds 30 pence", ">", 0.3, "GBP", "tariff", ""),
    # rates, indices, markets
    ("notify me when the EUR rate at https://fx.example rises above 0.95", ">", 0.95, None, "EUR rate", ""),
    ("ping me when EUR/USD goes above 1.10", ">", 1.10, None, "EUR/USD", ""),
    ("tell me if the exchange rate of the pound against the dollar falls below 1.20", "<", 1.2, None, "exchange rate",
        "pound"),
    ("alert me when the 30-year mortgage rate is below 5.5%", "<", 5.5, "%", "mortgage rate", ""),
    ("let me know if inflation exceeds 3 percent", ">", 3, "%", "inflation", ""),
    ("notify me if the S&P 500 closes below 5,000 points", "<", 5000, "points", "S&P 500", ""),
    ("let me know when the interest rate on savings is at least 4 %", ">=", 4, "%", "interest rate", "savings"),
    ("tell me when one euro is more than 165 yen", ">", 165, "JPY", "price", "euro"),
    ("warn me when the unemployment rate rises to 6%", ">=", 6, "%", "unemployment rate", ""),
    # weather and nature
    ("warn me when the temperature in Oslo falls below -5°C", "<", -5, "°C", "temperature", "Oslo"),
    ("tell me if it gets hotter than 95 degrees fahrenheit in Austin", ">", 95, "°F", "temperature", "Austin"),
    ("alert me if wind speeds at the airport exceed 60 km/h", ">", 60, "km/h", "wind speed", "airport"),
    ("let me know once the water level of the Rhine drops below 80 cm", "<", 80, "cm", "water level", "Rhine"),
    ("ping me if the UV index is 8 or higher", ">=", 8, None, "UV index", ""),
    ("when the weather changes and humidity is below 20, tell me", "<", 20, None, "humidity", ""),
    ("tell me if the air quality index in Delhi goes above 300", ">", 300, None, "air quality index", "Delhi"),
    ("notify me when snow depth at the resort is at least 50 cm", ">=", 50, "cm", "snow depth", "resort"),
    ("tell me when the pollen count is lower than 30", "<", 30, None, "pollen count", ""),
    ("let me know when there is an earthquake above magnitude 6", ">", 6, None, "", ""),
    ("warn me if the chance of rain is over 60%", ">", 60, "%", "chance of rain", ""),
    ("alert me if the sea temperature isn't above 18 degrees", "<=", 18, "°", "sea temperature", ""),
    # counts
    ("warn me if fewer than 5 parking spaces are free at https://city.example/parking", "<",
        5, None, "free parking spaces", ""),
    ("tell me when fewer than 20 tickets are left", "<", 20, None, "tickets", ""),
    ("let me know when the repo has more than 10k stars", ">", 10000, None, "stars", "repo"),
    ("notify me when the petition reaches 50,000 signatures", ">=", 50000, None, "signatures", "petition"),
    ("ping me when our channel gets at least 1 million subscribers", ">=", 1000000, None, "subscribers", "channel"),
    ("tell me if there are more than 3 open issues", ">", 3, None, "open issues", ""),
    ("alert me when the number of available seats drops below 10", "<", 10, None, "number of available seats", ""),
    ("let me know once the queue is longer than 30 minutes", ">", 30, "min", "queue", ""),
    ("warn me when the waiting time exceeds two hours", ">", 2, "h", "waiting time", ""),
    ("notify me if more than fifty people have signed up", ">", 50, None, "people", ""),
    ("tell me when there are at least a dozen reviews", ">=", 12, None, "reviews", ""),
    ("let me know if stock falls to 3", "<=", 3, None, "stock", ""),
    ("tell me when fewer than ten spots remain in the yoga class", "<", 10, None, "spots", "yoga class"),
    ("alert me if the error rate is over 1 %", ">", 1, "%", "error rate", ""),
    ("notify me when the campaign has raised 100k dollars", ">=", 100000, "USD", "", "campaign"),
    ("let me know when the number of votes is exactly 270", "==", 270, None, "number of votes", ""),
    ("tell me when the funding goal is at 100%", "==", 100, "%", "funding goal", ""),
    ("warn me if free disk space is less than 20 GB", "<", 20, "GB", "disk space", ""),
    ("tell me if the counter is no longer 0", "!=", 0, None, "counter", ""),
    ("alert me if the page shows a version other than 3", "!=", 3, None, "version", ""),
    ("tell me when the rating of the restaurant drops below 4.2 stars", "<", 4.2, None, "rating", "restaurant"),
    ("ping me when the score reaches 21", ">=", 21, None, "score", ""),
    ("tell me if Liverpool scores more than 2 goals", ">", 2, None, "goals", "Liverpool"),
    ("notify me when the charge level of the car is 80% or more", ">=", 80, "%", "charge level", "car"),
    ("let me know if fewer than 2 appointments are available", "<", 2, None, "appointments", ""),
    ("notify me when the download count surpasses 1,000,000", ">", 1000000, None, "download count", ""),
    ("tell me when the discount is at least 30%", ">=", 30, "%", "discount", ""),
    # other languages
    ("Sag mir Bescheid, wenn der Preis von dem Fahrrad unter 500 € fällt", "<", 500, "EUR", "price", "Fahrrad"),
    ("Benachrichtige mich, sobald die Temperatur in Wien über 30 Grad steigt", ">", 30, "°", "temperature", "Wien"),
    ("Préviens-moi quand le prix du vélo passe sous 300 €", "<", 300, "EUR", "price", "vélo"),
    ("Avísame cuando el precio de la bicicleta baje de 200 euros", "<", 200, "EUR", "price", "bicicleta"),
    # other shapes
    ("price <= 25 EUR https://shop.example/lamp", "<=", 25, "EUR", "price", ""),
    ("https://shop.example/lamp: notify when price < 30", "<", 30, None, "price", ""),
    ("I am looking for a used Brompton under £700", "<", 700, "GBP", "price", "used Brompton"),
    ("the moment that https://t.example lists tickets under 60 pounds, ping me", "<", 60, "GBP", "price", "tickets"),
    ("tell me when the Kindle drops from $120 to $90", "<=", 90, "USD", "price", "Kindle"),
    ("Just tell me when the sneakers are 20% off", ">=", 20, "%", "discount", "sneakers"),
    ("Wake me up when the bid on the vintage lamp passes 300 quid", ">", 300, "GBP", "bid", "vintage lamp"),
    ("alert me if the USD to JPY rate at https://fx.example goes under 140", "<", 140, None, "USD/JPY rate", ""),
    ("tell me when the swimming hall's water is warmer than 27 °C", ">", 27, "°C", "temperature", "swimming hall"),
    ("tell me if the number of errors in the log is not zero", "!=", 0, None, "number of errors", "log"),
    ("Notify me if 3 or more incidents are open", ">=", 3, None, "open incidents", ""),
    ("watch the printer ink stock level, and alert me when it falls to 5 or below", "<=", 5, None, "stock level", ""),
    ("When the waiting list drops below 10 people, send me an e-mail.", "<", 10, None, "people", "waiting list"),
    ("let me know when the population counter passes 8.2 billion", ">", 8.2e9, None, "population", ""),
    ("ping me if unemployment isn't 4.2% anymore", "!=", 4.2, "%", "unemployment", ""),
    ("tell me when the download is version 4 or later", ">=", 4, None, "version", "download"),
    ("tell me when the wait at the border crossing https://b.example is under 15 minutes", "<", 15, "min", "wait",
        "border"),
    ("tell me if the price per night is above 120 EUR", ">", 120, "EUR", "price", ""),
    ("notify me when the queue_depth is greater than 1000", ">", 1000, None, "queue_depth", ""),
    ("ping me when the top bid exceeds my limit of 500 dollars", ">", 500, "USD", "bid", ""),
    ("tell me if tonight's low falls below freezing", "<", 0, "°C", "temperature", "low"),
    ("alert me when the reservoir is less than 40% full", "<", 40, "%", "occupancy", "reservoir"),
    ("Let me know if the train at 8:05 is more than 10 min late", ">", 10, "min", "delay", "train at 8:05"),
    ('tell me when "Total downloads" is over 5000', ">", 5000, None, "Total downloads", ""),
    ("let me know when it costs less than 20 dollars: https://shop.example/p", "<", 20, "USD", "price", ""),
    ("tell me when response_time_ms > 800", ">", 800, None, "response_time_ms", ""),
    ("tell me when 2 bed flats in Leeds go below £900", "<", 900, "GBP", "price", "2 bed flats in Leeds"),
    ("tell me when the document grows beyond 10 pages", ">", 10, None, "pages", "document"),
]  # fmt: skip

WORDS = [
    # availability
    ("ping me as soon as tickets for the concert at https://hall.example are available again", "eq", "in stock",
        "availability", "concert"),
    ("tell me when the Steam Deck is back in stock", "eq", "in stock", "availability", "Steam Deck"),
    ("is the Raspberry Pi 5 in stock yet? https://shop.example/pi", "eq", "in stock", "availability", "Raspberry Pi 5"),
    ("let me know if the tickets sell out", "eq", "out of stock", "availability", "tickets"),
    ("warn me when the blue sneakers are sold out", "eq", "out of stock", "availability", "blue sneakers"),
    ("notify me once size 42 of the trail shoes is available", "eq", "in stock", "availability",
        "size 42 of the trail shoes"),
    ("email me when the book is no longer out of stock", "eq", "in stock", "availability", "book"),
    ("tell me when it's possible to book the campsite", "eq", "in stock", "availability", "campsite"),
    ("tell me when I can buy the new Zelda", "eq", "in stock", "availability", "Zelda"),
    ("let me know when an appointment opens up at the passport office", "eq", "in stock", "availability",
        "appointment"),
    ("let me know as soon as there is a free table at Noma", "eq", "in stock", "availability", "table at Noma"),
    ("notify me when tickets go on sale", "eq", "in stock", "availability", "tickets"),
    ("alert me if a visa slot becomes available", "eq", "in stock", "availability", "visa slot"),
    ("tell me if the medication is not in stock", "eq", "out of stock", "availability", "medication"),
    ("As soon as the PS6 can be pre-ordered, tell me", "eq", "in stock", "availability", "PS6"),
    ("watch shop.example/bag and let me know when it's available in black", "eq", "in stock", "availability", ""),
    ("let me know when the vinyl gets restocked", "eq", "in stock", "availability", "vinyl"),
    ("Are there any tickets left for Hamilton?", "eq", "in stock", "availability", "Hamilton"),
    ("tell me when the item is unavailable", "eq", "out of stock", "availability", "item"),
    ("message me if the cabin becomes bookable in July", "eq", "in stock", "availability", "cabin"),
    ("Sag mir Bescheid, wenn die Kamera wieder verfügbar ist", "eq", "in stock", "availability", "Kamera"),
    ("Dis-moi quand la console est en stock", "eq", "in stock", "availability", "console"),
    ("Avísame cuando la consola esté disponible", "eq", "in stock", "availability", "consola"),
    # open and closed
    ("let me know as soon as https://uni.example/course says that registration is open", "eq", "open",
        "registration status", ""),
    ("let me know when https://uni.example/apply says registration is open", "eq", "open", "registration status", ""),
    ("tell me when the Ridge Trail is open (https://parks.example/trails)", "eq", "open", "status", "Ridge Trail"),
    ("notify me when registration for the Berlin marathon opens", "eq", "open", "registration status",
        "Berlin marathon"),
    ("warn me before applications for the grant close or if applications are closed", "eq", "closed", "status",
        "grant"),
    ("tell me if the mountain pass is closed", "eq", "closed", "status", "mountain pass"),
    ("ping me once the swimming pool reopens", "eq", "open", "status", "swimming pool"),
    ("alert me when the waitlist is no longer closed", "eq", "open", "waitlist status", ""),
    ("let me know when I can sign up for the pottery course", "eq", "open", "registration status", "pottery course"),
    ("when enrolment for the spring semester is open tell me", "eq", "open", "enrolment status", "spring semester"),
    ("has the road to the summit opened?", "eq", "open", "status", "road to the summit"),
    ("tell me when the visa application portal is open again", "eq", "open", "status", "visa"),
    ("Notify me as soon as it is possible to register for the exam", "eq", "open", "registration status", "exam"),
    ("Sag mir, sobald die Anmeldung geöffnet ist", "eq", "open", "registration status", ""),
    ("Préviens-moi dès que les inscriptions sont ouvertes", "eq", "open", "registration status", ""),
    # text on the page
    ('tell me when the page says "now hiring"', "contains", "now hiring", "text", ""),
    ("let me know if the terms no longer mention arbitration", "ne", "arbitration", "text", "terms"),
    ('alert me when "sold out" disappears from https://club.example', "ne", "sold out", "text", ""),
    ('warn me if the word "deprecated" appears on docs.example.com/api', "contains", "deprecated", "text", ""),
    ("notify me as soon as the page contains the word refund", "contains", "refund", "text", ""),
    ('tell me when the status changes to "Shipped"', "eq", "Shipped", "status", ""),
    ("let me know when the article doesn't contain 'draft' anymore", "ne", "draft", "text", "article"),
    ("tell me if the website mentions Taylor Swift", "contains", "Taylor Swift", "text", ""),
    ("let me know when the banner stops saying “coming soon”", "ne", "coming soon", "text", "banner"),
    ('as soon as the order status is not "processing", ping me', "ne", "processing", "order status", ""),
    # other states
    ("tell me when the website is down", "eq", "down", "status", "website"),
    ("alert me if api.example.com is down", "eq", "down", "status", ""),
    ("let me know when the server is back online", "eq", "online", "status", "server"),
    ("notify me when flight LH123 is delayed", "eq", "delayed", "status", "flight LH123"),
    ("warn me if tomorrow's match gets cancelled", "eq", "cancelled", "status", "match"),
    ("tell me when my parcel has been delivered", "eq", "delivered", "status", "parcel"),
    ("let me know when the exam results are published", "eq", "published", "status", "exam results"),
    ("ping me when the visa application is approved", "eq", "approved", "status", "visa application"),
    ("let me know when the build status becomes green", "eq", "green", "status", "build"),
    ("notify me when the order status changes to delivered", "eq", "delivered", "order status", ""),
    ("tell me if the incident is resolved", "eq", "resolved", "status", "incident"),
    ("tell me when Python 3.15 is released", "eq", "released", "status", "Python 3.15"),
    ("let me know once the sale starts", "eq", "started", "status", "sale"),
    ("tell me when it is sunny in Lisbon", "eq", "sunny", "weather", "Lisbon"),
    ("let me know if it starts to rain in Leeds", "eq", "raining", "weather", "Leeds"),
    ("tell me when the moon is full", "eq", "full moon", "moon phase", ""),
    ("alert me when the moon phase is not waxing gibbous", "ne", "waxing gibbous", "moon phase", ""),
    ("warn me if there is a delay on the Victoria line", "contains", "delay", "text", "Victoria line"),
    ("tell me when the new iPhone is released", "eq", "released", "status", "iPhone"),
    ("tell me when the fan turns on", "eq", "on", "state", "fan"),
    ("tell me when the trail status is anything other than open", "ne", "open", "status", "trail"),
    # other shapes
    ("tell me when the course has free seats", "eq", "in stock", "availability", "course"),
    ("if no seats remain on the 9:15 train, let me know", "eq", "out of stock", "availability", "9:15 train"),
    ("let me know when they restock the mug", "eq", "in stock", "availability", "mug"),
    ("let me know when the limited edition mug comes back", "eq", "in stock", "availability", "limited edition mug"),
    ("tell me when the campsite has availability for 4 July", "eq", "in stock", "availability", "campsite"),
    ("let me know if the status page reports an incident", "contains", "incident", "text", ""),
    ("ping me if https://news.example mentions a recall", "contains", "recall", "text", ""),
    ('drop me a line when the "Out of stock" label is gone', "ne", "Out of stock", "text", ""),
    ('if the vacancy for "Head of Design" disappears, mail me', "ne", "Head of Design", "text", ""),
    ('tell me when the item\'s status moves from "ordered" to "shipped"', "eq", "shipped", "status", "item"),
    ('let me know when "maintenance" is false', "eq", "false", "status", "maintenance"),
    ("tell me if https://flags.example/x is true", "eq", "true", "status", ""),
    ("alert me if the API returns a status other than ok", "ne", "ok", "status", "API"),
    ("let me know if the license of this repo changes from MIT", "ne", "MIT", "status", "license"),
    ("tell me if the ski lift isn't running", "ne", "running", "status", "ski lift"),
    ("notify me when Arsenal's match kicks off", "eq", "started", "status", "Arsenal's match"),
    ("tell me when Ubuntu 26.04 LTS comes out", "eq", "released", "status", "Ubuntu 26.04 LTS"),
    ("text me if school is cancelled tomorrow", "eq", "cancelled", "status", "school"),
    ("watch the CI build and tell me if it fails", "eq", "failed", "status", "CI build"),
    ("Is the library open now?", "eq", "open", "status", "library"),
    ("let me know if the drought status for Kent changes to severe", "eq", "severe", "drought status", "Kent"),
    ("tell me if line U4 has a disruption", "contains", "disruption", "text", "line U4"),
    ("let me know when the top result is no longer Acme", "ne", "Acme", "status", "top result"),
    ("inform me if flight AB12's status is anything but on time", "ne", "on time", "status", "flight AB12"),
    ("notify me as soon as applications for the 2027 intake are accepted", "eq", "accepted", "status", "2027 intake"),
    ('let me know when the "Notify me" button turns into "Add to cart"', "eq", "Add to cart", "status", "Notify me"),
    ("let me know when Add to cart appears on https://shop.example/p", "contains", "Add to cart", "text", ""),
    ("tell me when the doctor has an opening before June", "eq", "in stock", "availability", "doctor"),
]  # fmt: skip

CHANGES = [
    ("watch the price of the lamp at https://shop.example/lamp and tell me about any change", "any",
        None, None, "price", "lamp"),
    ("let me know when there is a new post in https://blog.example/feed", "any", None, None, "new post", ""),
    ("tell me when a new episode of The Daily is out", "any", None, None, "new episode", "Daily"),
    ("notify me about new releases of PostgreSQL", "any", None, None, "new release", "PostgreSQL"),
    ("ping me whenever a new version of Node is published", "any", None, None, "new version", "Node"),
    ("tell me if https://law.example/terms changes", "any", None, None, "", ""),
    ("monitor https://agency.example/notices for updates", "any", None, None, "", ""),
    ("tell me whenever the privacy policy is updated", "any", None, None, "privacy policy", ""),
    ("let me know if the deadline for the grant changes", "any", None, None, "deadline", "grant"),
    ("keep an eye on the opening hours of the library", "any", None, None, "opening hours", "library"),
    ("alert me when the price of the drone drops", "decrease", None, None, "price", "drone"),
    ("tell me if the rent goes up", "increase", None, None, "rent", ""),
    ("notify me when the price falls by 10%", "decrease", None, 10, "price", ""),
    ("let me know if the share price of ACME moves by more than 5%", "any", None, 5, "share price", "ACME"),
    ("warn me when the temperature changes by more than 5 degrees", "any", 5, None, "temperature", ""),
    ("tell me when bitcoin drops more than 8 percent", "decrease", None, 8, "price", "bitcoin"),
    ("ping me if the price of gold jumps by at least $50", "increase", 50, None, "price", "gold"),
    ("when the fee increases, send me a message", "increase", None, None, "fee", ""),
    ("tell me if the subscription gets more expensive", "increase", None, None, "price", "subscription"),
    ("let me know when a new job for data engineers is posted on https://jobs.example", "any", None, None, "new job",
        "data engineers"),
    ("alert me to new vacancies at the museum", "any", None, None, "new vacancies", "museum"),
    ("Tell me when NASA posts a new picture", "any", None, None, "new picture", "NASA"),
    ("Let me know whenever the score changes", "any", None, None, "score", ""),
    ("track the number of followers", "any", None, None, "followers", ""),
    ("I'd like to be told about any changes to the menu", "any", None, None, "menu", ""),
    ("check shop.example/sale every now and then and tell me if anything is different", "any", None, None, "", ""),
    ("what is the price of the sofa?", "any", None, None, "price", "sofa"),
    ("tell me if the fan starts or stops", "any", None, None, "fan", ""),
    ("Beobachte den Preis von dem Sofa und sag mir, wenn sich etwas ändert", "any", None, None, "price", "Sofa"),
    ("watch the exchange rate", "any", None, None, "exchange rate", ""),
    ("has the schedule of line 5 been changed?", "any", None, None, "schedule", "line 5"),
    ("notify me if the author publishes another book", "any", None, None, "book", "author"),
    ("let me know when the price of milk is reduced", "decrease", None, None, "price", "milk"),
    ("let me know about any new security advisories for OpenSSL", "any", None, None, "new security advisories",
        "OpenSSL"),
    # other shapes
    ("Has https://blog.example published anything new?", "any", None, None, "new post", ""),
    ("track https://shop.example/lamp price", "any", None, None, "price", ""),
    ("When Acme's CEO changes, tell us.", "any", None, None, "CEO", "Acme"),
    ("let me know when there's a price drop on the sofa", "decrease", None, None, "price", "sofa"),
    ("tell me when the sofa gets a price cut of 15% or more", "decrease", None, 15, "price", "sofa"),
    ("tell me about price increases at the café", "increase", None, None, "price", ""),
    ("let me know if the fuel price changes by at least 5 cents", "any", 0.05, None, "fuel price", ""),
    ("alert me if the temperature drops 5 degrees", "decrease", 5, None, "temperature", ""),
    ("tell me when the museum adds new exhibitions", "any", None, None, "new exhibitions", "museum"),
    ("let me know when a comment by Maria appears", "any", None, None, "new comment", "Maria"),
    ("tell me when the gate of flight BA 123 changes", "any", None, None, "gate", "flight BA 123"),
    ("notify me about changes to the opening times", "any", None, None, "opening times", ""),
    ("notify me if they lower the tuition fee", "decrease", None, None, "fee", ""),
    ("tell me if the second item in the list changes", "any", None, None, "second item", "list"),
    ("tell me when the first headline changes", "any", None, None, "first headline", ""),
]  # fmt: skip

_OPERATORS = {
    "<": ("le", True),
    "<=": ("le", False),
    ">": ("ge", True),
    ">=": ("ge", False),
    "==": ("eq", False),
    "!=": ("ne", False),
}


def _speaks_of(said: Interpretation, fact: str, subject: str) -> None:
    assert fact.lower() in said.fact.lower()
    assert 1 <= len(said.fact.split()) <= 6
    assert subject.lower() in said.subject.lower()
    assert "http" not in said.name
    assert 0 < len(said.name) <= 100


@pytest.mark.parametrize(
    ("prompt", "sign", "value", "unit", "fact", "subject"), NUMBERS, ids=[case[0] for case in NUMBERS]
)
def test_condition_on_a_number(prompt: str, sign: str, value: float, unit: str | None, fact: str, subject: str) -> None:
    said = interpret(prompt)
    assert said.kind == "state"
    assert said.condition is not None
    assert (said.condition.op.value, said.condition.strict) == _OPERATORS[sign]
    assert said.condition.value == pytest.approx(value)
    assert said.condition.unit == unit
    assert said.fact_type == "number"
    _speaks_of(said, fact, subject)


@pytest.mark.parametrize(("prompt", "op", "value", "fact", "subject"), WORDS, ids=[case[0] for case in WORDS])
def test_condition_in_words(prompt: str, op: str, value: str, fact: str, subject: str) -> None:
    said = interpret(prompt)
    assert said.kind == "state"
    assert said.condition is not None
    assert (said.condition.op.value, said.condition.value) == (op, value)
    _speaks_of(said, fact, subject)


@pytest.mark.parametrize(
    ("prompt", "direction", "at_least", "percent", "fact", "subject"), CHANGES, ids=[case[0] for case in CHANGES]
)
def test_change(
    prompt: str, direction: str, at_least: float | None, percent: float | None, fact: str, subject: str
) -> None:
    said = interpret(prompt)
    assert said.kind == "change"
    assert said.change is not None
    assert (said.change.direction, said.change.at_least, said.change.at_least_percent) == (direction, at_least, percent)
    _speaks_of(said, fact, subject)
